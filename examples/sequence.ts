/** Run three tasks one after the other. */
import { Dag, FunctionTask, type TaskCall } from 'lightflow'

// One function may be the body of several tasks; the context tells which of them it is.
const tell = ({ data, context }: TaskCall): void => {
  const count = data.get<number>('count', 0) + 1
  console.log(
    `#${count}: ${context.taskName}, attempt ${context.attempt}, in ${context.dagName} of run ${context.runId}`,
  )
  data.set('count', count)
}

const first = new FunctionTask('first', tell)
const second = new FunctionTask('second', tell)
const third = new FunctionTask('third', tell)

// Each edge is one line: [before, after].
export const main = new Dag('main')
main.define([
  [first, second],
  [second, third],
])
