/** Ask for options when the workflow is started. */
import { Dag, FunctionTask, Option, Parameters } from 'lightflow'

// An option without a default has to be given: the start is refused when it is missing, or is no number where one is needed.
export const options = new Parameters([
  new Option('filepath', { type: 'path', help: 'File with the measurement' }),
  new Option('iterations', { type: 'int', default: 1, help: 'How often to repeat the fit' }),
  new Option('recursive', { type: 'bool', default: true, help: 'Look into the folders below as well' }),
  new Option('threshold', { type: 'float', default: 0.5, help: 'Weakest signal that counts' }),
  new Option('comment', { default: null, help: 'May be left out; then it has no value' }),
])

// The values are in the store of the run, each of its type.
const print = new FunctionTask('print', async ({ store }) => {
  console.log(`filepath: ${await store.get<string>('filepath')}`)
  console.log(`iterations: ${await store.get<number>('iterations')}`)
  console.log(`recursive: ${await store.get<boolean>('recursive')}`)
  console.log(`threshold: ${await store.get<number>('threshold')}`)
  console.log(`comment: ${await store.get('comment', 'none')}`)
})

export const main = new Dag('main')
main.define([print])
