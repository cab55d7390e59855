import { Dag, FunctionTask } from 'lightflow'

/** Of the chains that a large DAG consists of. */
const CHAIN = 10

/** Chains of ten beside each other; no task does anything. */
export function manyTasks(count: number): Dag {
  const tasks = Array.from({ length: count }, (_, index) => new FunctionTask(`task-${index + 1}`, () => {}))
  const dag = new Dag('many')
  dag.define(
    tasks.map((task, index) => (index % CHAIN === 0 ? ([task] as const) : ([tasks[index - 1]!, task] as const))),
  )
  return dag
}
