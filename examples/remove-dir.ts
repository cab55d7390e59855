/** Make a folder, put files into it, list them, and remove it all again. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Dag, FunctionTask, GlobTask, MakeDirTask, Option, Parameters, RemoveTask, type TaskStore } from 'lightflow'

export const options = new Parameters([
  new Option('folder', { type: 'path', help: 'A folder that may be removed; it is made when it is not there' }),
])

const folder = async (_data: unknown, store: TaskStore): Promise<string> => store.get<string>('folder')

const make = new MakeDirTask('make', { paths: folder })

const fill = new FunctionTask('fill', async ({ store }) => {
  const path = await store.get<string>('folder')
  for (const name of ['a', 'b', 'c']) await writeFile(join(path, `${name}.txt`), name)
})

// With a callback, the files are handed to it and do not go into the data.
const list = new GlobTask('list', {
  paths: folder,
  pattern: '*.txt',
  callback: ({ files }) => {
    for (const file of files) console.log(`file ${file}`)
  },
})

// It tells in its log what it removed. What is gone already is fine: a task may run twice.
const remove = new RemoveTask('remove', { paths: folder })

export const main = new Dag('main')
main.define([
  [make, fill],
  [fill, list],
  [list, remove],
])
