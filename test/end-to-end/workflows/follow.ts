/** Follows a file until another, "over", says that no more lines come, and starts a DAG for each line. */
import { existsSync } from 'node:fs'
import { Dag, FunctionTask, NewLinesTask, Option, Parameters } from 'lightflow'

export const options = new Parameters([new Option('folder', { type: 'path', help: 'Folder of the file' })])

const watch = new NewLinesTask('watch', {
  path: async (_, store) => `${await store.get<string>('folder')}/live.log`,
  useExisting: true,
  pollMs: 50,
  stopWhen: async ({ store }) => existsSync(`${await store.get<string>('folder')}/over`),
  callback: async ({ lines, signal }) => {
    await signal.startDag(one, { line: lines[0] })
  },
})

const note = new FunctionTask('note', ({ data }) => data.set('name', data.get<string>('line')))

export const one = new Dag('one', { autostart: false }).define([note])
export const main = new Dag('main').define([watch])
