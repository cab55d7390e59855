/** Examples of what happens to files. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { assertSucceeded, type Example, linesWith } from '../support/example.ts'

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
]
