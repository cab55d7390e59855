/** Watches a folder until a file "over" says that no more come, and starts a DAG for each frame that appears in it. */
import { existsSync } from 'node:fs'
import { Dag, FunctionTask, NewFilesTask, Option, Parameters } from 'lightflow'

export const options = new Parameters([new Option('folder', { type: 'path', help: 'Folder to watch' })])

const watch = new NewFilesTask('watch', {
  path: (_, store) => store.get<string>('folder'),
  pattern: '*.cbf',
  useExisting: true,
  pollMs: 100,
  settleMs: 1500,
  stopWhen: async ({ store }) => existsSync(`${await store.get<string>('folder')}/over`),
  callback: async ({ files, signal }) => {
    await signal.startDag(one, { file: files[0] })
  },
})

const note = new FunctionTask('note', ({ data }) => data.set('name', data.get<string>('file').split('/').at(-1)))

export const one = new Dag('one', { autostart: false }).define([note])
export const main = new Dag('main').define([watch])
