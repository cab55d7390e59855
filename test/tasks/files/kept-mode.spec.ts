import assert from 'node:assert/strict'
import type { BigIntStats } from 'node:fs'
import { chmod, chown, lstat, rename } from 'node:fs/promises'
import { CopyTask } from '../../../src/tasks/copy-task.ts'
import { keptMode } from '../../../src/tasks/files/kept-mode.ts'
import { moveTree } from '../../../src/tasks/files/move-tree.ts'
import { PartFiles } from '../../../src/tasks/files/part-files.ts'
import { context } from '../attempts.ts'
import { attempt, TestFolder, told } from './file-tasks.ts'

const stats = (uid: number, gid: number, mode: number, isFolder = false): BigIntStats =>
  ({ uid: BigInt(uid), gid: BigInt(gid), mode: BigInt(mode), isDirectory: () => isFolder }) as BigIntStats

describe('the mode of a copy', () => {
  it('is that of the source, when its owner and its group are', () => {
    assert.equal(keptMode(stats(7, 8, 0o106755), stats(7, 8, 0o100600)), 0o6755)
  })

  it('makes no program that runs as somebody else', () => {
    for (const made of [stats(0, 8, 0o100600), stats(7, 0, 0o100600)]) {
      assert.equal(keptMode(stats(7, 8, 0o107755), made), 0o755)
    }
  })

  it('lets a folder pass its group on as the one above it does', () => {
    assert.equal(keptMode(stats(7, 8, 0o42775), stats(0, 0, 0o40755, true)), 0o775)
    assert.equal(keptMode(stats(7, 8, 0o40775), stats(0, 0, 0o42755, true)), 0o2775)
  })

  const itAsRoot = process.getuid?.() === 0 ? it : it.skip
  itAsRoot('is so for the files and folders of a user that root copies, and moves to another device', async () => {
    const folder = new TestFolder()
    try {
      await folder.make({ 'scan/run': 'x', 'backup/': '', 'moved/': '' })
      for (const name of ['scan', 'scan/run']) {
        await chown(folder.at(name), 1234, 1234)
        await chmod(folder.at(name), 0o6755)
      }
      const task = new CopyTask('copy', { sources: folder.at('scan'), destination: folder.at('backup') })
      assert.equal(told(await attempt(task)), 'done')
      const renameFile = (async () => {
        throw Object.assign(new Error('cross-device'), { code: 'EXDEV' })
      }) as unknown as typeof rename
      const tools = { task: 'move', existing: 'replace', parts: new PartFiles(context), checkGoesOn: () => {} } as const
      await moveTree(folder.at('scan'), folder.at('moved/scan'), { ...tools, renameFile })
      for (const name of ['backup/scan', 'backup/scan/run', 'moved/scan', 'moved/scan/run']) {
        const { uid, mode } = await lstat(folder.at(name))
        assert.deepEqual([uid, mode & 0o7777], [0, 0o755], name)
      }
    } finally {
      folder.remove()
    }
  })
})
