/** Choose at run time which lanes run; the others are skipped. */
import { Action, Dag, FunctionTask, type TaskCall } from 'lightflow'

const put = new FunctionTask('put', ({ data }) => data.set('value', 5))

// A limit names the direct successors that may run, by name or by the task itself. Without one, all run.
const branch = new FunctionTask('branch', ({ data }) => new Action(data, { limit: [left, 'middle'] }))

const print = ({ data, context }: TaskCall): void => {
  console.log(`${context.taskName}: the value is ${data.get<number>('value')}`)
}
const left = new FunctionTask('left', print)
const middle = new FunctionTask('middle', print)
const right = new FunctionTask('right', print)

// One lane that ran is enough for a join. A skipped lane brings no dataset.
const join = new FunctionTask('join', ({ data }) => {
  console.log(`join: ${data.size} of 3 lanes ran, the value is ${data.get<number>('value')}`)
})

export const main = new Dag('main')
main.define([
  [put, branch],
  [branch, [left, middle, right]],
  [left, join],
  [middle, join],
  [right, join],
])
