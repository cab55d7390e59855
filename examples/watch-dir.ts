/** Watch a folder; back up and move away its files, five at a time. */
import { basename, join } from 'node:path'
import {
  ChmodTask,
  CopyTask,
  Dag,
  MakeDirTask,
  MoveTask,
  NewFilesTask,
  Option,
  Parameters,
  type MultiTaskData,
  type TaskStore,
} from 'lightflow'

export const options = new Parameters([
  new Option('folder', { type: 'path', help: 'Folder to watch, as the peers see it' }),
  new Option('backup', { type: 'path', help: 'Folder for copies that only their owner may read' }),
  new Option('output', { type: 'path', help: 'Folder to which the files are moved' }),
  new Option('files', {
    type: 'int',
    default: null,
    help: 'End after so many files; without it: when the run is stopped',
  }),
  new Option('settle', { type: 'float', default: 1, help: 'Seconds without a change after which a file is complete' }),
])

const option = (name: string) => async (_data: MultiTaskData, store: TaskStore) => store.get<string>(name)
const files = (data: MultiTaskData): string[] => data.get<string[]>('files')
/** The same files in another folder. */
const filesIn = (name: string) => async (data: MultiTaskData, store: TaskStore) => {
  const folder = await store.get<string>(name)
  return files(data).map(file => join(folder, basename(file)))
}

const prepare = new MakeDirTask('prepare', {
  paths: async (_data, store) => [await store.get<string>('backup'), await store.get<string>('output')],
})

// Runs for as long as it watches. When its peer leaves or dies, another one goes on, and no file is missed.
const watch = new NewFilesTask('watch', {
  path: option('folder'),
  aggregate: 5,
  useExisting: true,
  flushExisting: false,
  settleMs: async (_data, store) => 1000 * (await store.get<number>('settle')),
  pollMs: 250,
  maxFiles: async (_data, store) => store.get<number | null>('files', null),
  callback: async ({ files, signal }) => {
    const name = await signal.startDag(collect, { files })
    console.log(`${files.length} files for ${name}`)
  },
})

export const main = new Dag('main')
main.define([[prepare, watch]])

const copy = new CopyTask('copy', { sources: files, destination: option('backup') })
const protect = new ChmodTask('protect', { paths: filesIn('backup'), permission: '400' })
const move = new MoveTask('move', { sources: files, destination: option('output') })
const open = new ChmodTask('open', { paths: filesIn('output'), permission: '700' })

export const collect = new Dag('collect', { autostart: false })
collect.define([
  [copy, protect],
  [protect, move],
  [move, open],
])
