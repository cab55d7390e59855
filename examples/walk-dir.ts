/** Go through all files of a folder and sum up their sizes. */
import { Dag, FunctionTask, Option, Parameters, WalkTask } from 'lightflow'

export const options = new Parameters([
  new Option('folder', { type: 'path', help: 'Folder to measure, as the peers see it' }),
])

// The callback is called for each file, one after the other. Symbolic links are told as links and not followed.
const walk = new WalkTask('walk', {
  path: async (_data, store) => store.get<string>('folder'),
  recursive: true,
  callback: ({ entry, data }) => {
    if (entry.kind !== 'file') return
    data.set('count', data.get<number>('count', 0) + 1)
    data.set('bytes', data.get<number>('bytes', 0) + entry.bytes)
  },
})

const print = new FunctionTask('print', async ({ data, store }) => {
  console.log(`Folder: ${await store.get<string>('folder')}`)
  console.log(`Files: ${data.get<number>('count', 0)}`)
  console.log(`Bytes: ${data.get<number>('bytes', 0)}`)
})

export const main = new Dag('main')
main.define([[walk, print]])
