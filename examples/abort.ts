/** End a whole run from inside a task, with a reason. */
import { AbortWorkflow, Dag, FunctionTask } from 'lightflow'

const collect = new FunctionTask('collect', ({ data }) => {
  data.set('temperature', 310)
  console.log('collected')
})

// Nothing new starts anywhere in the run, and it ends as aborted. What already runs may finish.
const check = new FunctionTask('check', ({ data }) => {
  const temperature = data.get<number>('temperature')
  if (temperature > 300) throw new AbortWorkflow(`The sample is too warm: ${temperature} K`)
})

const evaluate = new FunctionTask('evaluate', () => console.log('never printed'))

export const main = new Dag('main')
main.define([
  [collect, check],
  [check, evaluate],
])
