/** Examples of what happens to files. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { appendFile, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { assertSucceeded, type Example, linesWith } from '../support/example.ts'

const LINES = ['shutter open', 'frame 1 written', 'shutter closed']
const WATCHED = Array.from({ length: 10 }, (_, index) => `frame_${index}.tif`)

/** In octal, by name. */
async function modesIn(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).toSorted()
  const modes = await Promise.all(names.map(async name => ((await stat(join(folder, name))).mode & 0o777).toString(8)))
  return Object.fromEntries(names.map((name, index) => [name, modes[index] ?? '']))
}

export const FILE_EXAMPLES: readonly Example[] = [
  {
    name: 'list-files',
    args: folder => ({ folder: join(folder, 'data') }),
    async prepare(folder) {
      await mkdir(join(folder, 'data', 'deep', 'deeper'), { recursive: true })
      const names = ['one.file', 'deep/two.file', 'deep/deeper/three.file', 'deep/other.txt']
      for (const name of names) await writeFile(join(folder, 'data', name), name)
    },
    see(run) {
      assertSucceeded(run)
      const names = ['deep/deeper/three.file', 'deep/two.file', 'one.file']
      assert.deepEqual(run.lines.toSorted(), names.map(name => join(run.folder, 'data', name))) // oxfmt-ignore
    },
  },
  {
    name: 'walk-dir',
    args: folder => ({ folder: join(folder, 'data') }),
    async prepare(folder) {
      await mkdir(join(folder, 'data', 'deep'), { recursive: true })
      await writeFile(join(folder, 'data', 'a'), 'x'.repeat(1000))
      await writeFile(join(folder, 'data', 'deep', 'b'), 'x'.repeat(234))
      await symlink(join(folder, 'data', 'a'), join(folder, 'data', 'link'))
      await symlink(join(folder, 'data'), join(folder, 'data', 'circle'))
    },
    see(run) {
      assertSucceeded(run)
      assert.deepEqual(run.lines, [`Folder: ${join(run.folder, 'data')}`, 'Files: 2', 'Bytes: 1234'])
    },
  },
  {
    name: 'remove-dir',
    args: folder => ({ folder: join(folder, 'data') }),
    see(run) {
      assertSucceeded(run)
      const folder = join(run.folder, 'data')
      const files = ['a.txt', 'b.txt', 'c.txt'].map(name => `file ${join(folder, name)}`)
      assert.deepEqual(linesWith(run, /^file/), files)
      assert.deepEqual(linesWith(run, /^(made|removed)/), [`made ${folder}`, `removed ${folder}`])
      assert.equal(existsSync(folder), false)
    },
  },
  {
    name: 'watch-dir',
    args: folder => ({
      folder: join(folder, 'data'),
      backup: join(folder, 'backup'),
      output: join(folder, 'output'),
      files: 10,
      settle: 0.05,
    }),
    prepare: folder => mkdir(join(folder, 'data')),
    async meanwhile({ folder }) {
      for (const name of WATCHED) await writeFile(join(folder, 'data', name), name)
    },
    async see(run) {
      assertSucceeded(run)
      assert.deepEqual(linesWith(run, / files for /), ['5 files for collect:1', '5 files for collect:2'])
      assert.deepEqual(await modesIn(join(run.folder, 'data')), {})
      assert.deepEqual(
        await modesIn(join(run.folder, 'backup')),
        Object.fromEntries(WATCHED.map(name => [name, '400'])),
      )
      assert.deepEqual(
        await modesIn(join(run.folder, 'output')),
        Object.fromEntries(WATCHED.map(name => [name, '700'])),
      )
    },
  },
  {
    name: 'list-lines',
    args: folder => ({ file: join(folder, 'log.txt'), lines: 3 }),
    async meanwhile({ folder }) {
      for (const line of LINES) await appendFile(join(folder, 'log.txt'), `${line}\n`)
    },
    see(run) {
      assertSucceeded(run)
      assert.deepEqual(run.lines.filter(line => line.startsWith('print:')).toSorted(), LINES.map((line, index) => `print:${index + 1}: ${line}`)) // oxfmt-ignore
      assert.equal(run.dags.length, 1 + LINES.length)
    },
  },
]
