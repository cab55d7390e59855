/** End single lanes early, while the run goes on and succeeds. */
import { BashTask, Dag, FunctionTask, StopTask } from 'lightflow'

// The command is ended, with everything that it has started.
const count = new BashTask('count', 'for i in $(seq 1 100); do echo $i; sleep 0.02; done', {
  callbackStdout: ({ line, data }) => {
    const number = Number(line)
    if (number === 5) throw new StopTask('four numbers are enough')
    console.log(`number ${number}`)
    data.set('number', number)
  },
})
const afterCount = new FunctionTask('after-count', () => console.log('never printed'))

// With `skipSuccessors: false`, the tasks behind it run all the same, with the data as it is by then.
const search = new FunctionTask('search', ({ data }) => {
  data.set('found', 3)
  throw new StopTask('found what was looked for', { skipSuccessors: false })
})
const afterSearch = new FunctionTask('after-search', ({ data }) => console.log(`found ${data.get<number>('found')}`))

const check = new FunctionTask('check', () => {
  throw new StopTask('nothing to do')
})
const afterCheck = new FunctionTask('after-check', () => console.log('never printed'))

export const main = new Dag('main')
main.define([
  [count, afterCount],
  [search, afterSearch],
  [check, afterCheck],
])
