/** Find files by a pattern in a folder and all folders below it. */
import { Dag, FunctionTask, GlobTask, Option, Parameters } from 'lightflow'

export const options = new Parameters([
  new Option('folder', { type: 'path', help: 'Where to look, as the peers see it' }),
  new Option('pattern', { default: '*.file', help: 'What to look for' }),
])

// Nearly every option of a task may be a function, here of the store, which has the options of the workflow.
const find = new GlobTask('find', {
  paths: async (_data, store) => [await store.get<string>('folder')],
  pattern: async (_data, store) => store.get<string>('pattern'),
  recursive: true,
})

const print = new FunctionTask('print', ({ data }) => {
  for (const file of data.get<string[]>('files')) console.log(file)
})

export const main = new Dag('main')
main.define([[find, print]])
