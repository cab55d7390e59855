import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { link, lstat, readdir, readlink, symlink, unlink, writeFile } from 'node:fs/promises'
import { CopyTask } from '../../../src/tasks/copy-task.ts'
import { copyTree } from '../../../src/tasks/files/copy-tree.ts'
import { moveTree, type MoveTools } from '../../../src/tasks/files/move-tree.ts'
import { PartFiles } from '../../../src/tasks/files/part-files.ts'
import { context } from '../attempts.ts'
import { attempt, storingHost, TestFolder } from './file-tasks.ts'

let folder: TestFolder
describe('refusing what exists', () => {
  beforeEach(() => {
    folder = new TestFolder()
  })
  afterEach(() => folder.remove())

  const TOOLS = { task: 'collect', existing: 'refuse', checkGoesOn: () => {} } as const
  const tools = (changes: Partial<MoveTools> = {}): MoveTools => ({
    ...TOOLS,
    parts: new PartFiles(context),
    ...changes,
  })

  /** Somebody else writes a file just before it would get its name. */
  const meanwhile = (text: string): Pick<MoveTools, 'makeLink'> => ({
    makeLink: async (from, to) => {
      await writeFile(to, text)
      return link(from, to)
    },
  })

  /** A file system without hard links. */
  const withoutLinks = (before = async (): Promise<void> => {}): Pick<MoveTools, 'makeLink'> => ({
    makeLink: async () => {
      await before()
      throw Object.assign(new Error('no links here'), { code: 'EPERM' })
    },
  })

  describe("existing: 'refuse'", () => {
    beforeEach(() => folder.make({ 'scan/a.tif': 'a', 'backup/': '' }))

    it('lets a file stand that appears while its own is copied', async () => {
      const target = folder.at('backup/scan/a.tif')
      for (const [text, code] of [
        ['other', 'LF_FILE_EXISTS'],
        ['a', undefined],
      ] as const) {
        let looks = 0
        const isStopped = (): boolean => {
          // Until now the folder was made and half of the work done.
          if (++looks === 4) writeFileSync(target, text)
          return false
        }
        const task = new CopyTask('copy', {
          sources: folder.at('scan'),
          destination: folder.at('backup'),
          existing: 'refuse',
        })
        const result = await attempt(task, { isStopped, host: storingHost() })
        assert.deepEqual([result.error?.code, looks > 4], [code, true], text)
        assert.deepEqual(await folder.tree('backup'), { 'backup/scan/a.tif': text })
        await unlink(target)
      }
    })

    it('copies and moves what is new, and leaves no second name of it', async () => {
      await copyTree(folder.at('scan'), folder.at('backup/scan'), tools())
      await moveTree(folder.at('scan/a.tif'), folder.at('backup/b.tif'), tools())
      assert.deepEqual(await folder.tree(), { 'backup/b.tif': 'a', 'backup/scan/a.tif': 'a', 'scan/': '' })
      for (const name of ['backup/b.tif', 'backup/scan/a.tif']) assert.equal((await lstat(folder.at(name))).nlink, 1)
    })

    it('lets a file stand that appears while another is moved to its name', async () => {
      const move = (how: Partial<MoveTools>) => moveTree(folder.at('scan/a.tif'), folder.at('backup/a.tif'), tools(how))
      await assert.rejects(move(meanwhile('other')), { code: 'LF_FILE_EXISTS' })
      assert.deepEqual(await folder.tree(), { 'backup/a.tif': 'other', 'scan/a.tif': 'a' })
      await unlink(folder.at('backup/a.tif'))
      await move(meanwhile('a'))
      assert.deepEqual(await folder.tree(), { 'backup/a.tif': 'a', 'scan/': '' })
    })

    it('takes a file with both names for one that a dead attempt was about to move', async () => {
      await link(folder.at('scan/a.tif'), folder.at('backup/a.tif'))
      await moveTree(folder.at('scan/a.tif'), folder.at('backup/a.tif'), tools())
      assert.deepEqual(await folder.tree(), { 'backup/a.tif': 'a', 'scan/': '' })
    })

    it('never removes the only name of a file, in whatever way it is written', async () => {
      await link(folder.at('scan/a.tif'), folder.at('other.tif'))
      await symlink(folder.at('scan'), folder.at('alias'))
      for (const target of ['alias/a.tif', 'scan/a.tif']) {
        const moved = moveTree(folder.at('scan/a.tif'), folder.at(target), tools())
        await assert.rejects(moved, { code: 'LF_FILE_ONTO_ITSELF' })
      }
      assert.deepEqual(await folder.tree('scan'), { 'scan/a.tif': 'a' })
    })

    it('keeps a source that was written anew while it got its name', async () => {
      const makeLink = (async (from: string, to: string) => {
        await link(from, to)
        await unlink(from)
        await writeFile(from, 'new one')
      }) as typeof link
      const moved = moveTree(folder.at('scan/a.tif'), folder.at('backup/a.tif'), tools({ makeLink }))
      await assert.rejects(moved, { code: 'LF_FILE_CHANGED' })
      assert.deepEqual(await folder.tree(), { 'backup/a.tif': 'a', 'scan/a.tif': 'new one' })
    })

    it('replaces no link, and nothing by a link', async () => {
      await symlink('a.tif', folder.at('scan/link'))
      await folder.make({ 'backup/scan/link': 'a file' })
      await assert.rejects(copyTree(folder.at('scan'), folder.at('backup/scan'), tools()), { code: 'LF_FILE_EXISTS' })
      await unlink(folder.at('backup/scan/link'))
      await moveTree(folder.at('scan/link'), folder.at('backup/scan/link'), tools())
      assert.equal(await readlink(folder.at('backup/scan/link')), 'a.tif')
      assert.deepEqual(await readdir(folder.at('scan')), ['a.tif'])
    })

    it('looks again before it renames where a file system has no hard links', async () => {
      const appears = () => writeFile(folder.at('backup/a.tif'), 'other')
      for (const act of [copyTree, moveTree]) {
        const acted = act(folder.at('scan/a.tif'), folder.at('backup/a.tif'), tools(withoutLinks(appears)))
        await assert.rejects(acted, { code: 'LF_FILE_EXISTS' })
        assert.deepEqual(await folder.tree(), { 'backup/a.tif': 'other', 'scan/a.tif': 'a' })
        await unlink(folder.at('backup/a.tif'))
      }
      await copyTree(folder.at('scan/a.tif'), folder.at('backup/a.tif'), tools(withoutLinks()))
      await moveTree(folder.at('scan/a.tif'), folder.at('backup/b.tif'), tools(withoutLinks()))
      assert.deepEqual(await folder.tree(), { 'backup/a.tif': 'a', 'backup/b.tif': 'a', 'scan/': '' })
    })

    it('removes the second name that a dead attempt left of a whole copy', async () => {
      const [source, target] = [folder.at('scan/a.tif'), folder.at('backup/a.tif')]
      await copyTree(source, target, tools())
      await link(target, new PartFiles(context).nameFor(target))
      await copyTree(source, target, tools({ parts: new PartFiles({ ...context, epoch: 2 }) }))
      assert.deepEqual(await folder.tree('backup'), { 'backup/a.tif': 'a' })
    })
  })
})
