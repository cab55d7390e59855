/** Let the data decide which of two tasks runs. */
import { Action, Dag, FunctionTask } from 'lightflow'

const measure = new FunctionTask('measure', ({ data }) => data.set('number', Math.random()))

const decide = new FunctionTask('decide', ({ data }) => {
  return new Action(data, { limit: [data.get<number>('number') < 0.5 ? small : large] })
})

const small = new FunctionTask('small', ({ data }) => console.log(`Small number: ${data.get<number>('number')}`))
const large = new FunctionTask('large', ({ data }) => console.log(`Large number: ${data.get<number>('number')}`))

export const main = new Dag('main')
main.define([
  [measure, decide],
  [decide, [small, large]],
])
