/** Tasks that do nothing, one after the other, for these queues in turn. */
import { Dag, FunctionTask } from 'lightflow'
import { CHAIN_TASKS } from './scenarios.ts'

export function manyHops(name: string, { effect, queues = [] }: { effect?: 'pure'; queues?: readonly string[] }): Dag {
  const tasks = Array.from({ length: CHAIN_TASKS }, (_, index) => {
    const queue = queues[index % queues.length]
    return new FunctionTask(`hop-${index + 1}`, () => {}, {
      ...(effect === undefined ? {} : { effect }),
      ...(queue === undefined ? {} : { queue }),
    })
  })
  const dag = new Dag(name)
  dag.define(tasks.slice(1).map((task, index) => [tasks[index]!, task]))
  return dag
}
