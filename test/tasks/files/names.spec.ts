import assert from 'node:assert/strict'
import { lstat, mkdir, readdir, readlink, rename, symlink, writeFile } from 'node:fs/promises'
import { CopyTask } from '../../../src/tasks/copy-task.ts'
import { moveTree } from '../../../src/tasks/files/move-tree.ts'
import { PartFiles } from '../../../src/tasks/files/part-files.ts'
import { below, folderOf, nameOf, type Path, pathOf, shown } from '../../../src/tasks/files/paths.ts'
import { GlobTask } from '../../../src/tasks/glob-task.ts'
import { MoveTask } from '../../../src/tasks/move-task.ts'
import { WalkTask } from '../../../src/tasks/walk-task.ts'
import { context, dataOf } from '../attempts.ts'
import { attempt, storingHost, TestFolder, told } from './file-tasks.ts'

/** café in the encoding of old Windows computers. */
const CAFE = Buffer.from('caf\xe9', 'latin1')

let folder: TestFolder
describe('names that are no text', () => {
  beforeEach(() => {
    folder = new TestFolder()
  })
  afterEach(() => folder.remove())

  const bytesIn = async (name: string): Promise<string[]> =>
    (await readdir(folder.at(name), { encoding: 'buffer' })).map(bytes => bytes.toString('latin1')).toSorted()

  /** A folder of this name, with a file and a link of it, and a good file beside. */
  async function makeScan(): Promise<void> {
    await folder.make({ 'scan/a.tif': 'a', 'backup/': '' })
    const inside = below(folder.at('scan'), CAFE)
    await mkdir(inside)
    await writeFile(below(inside, CAFE), 'x')
    await symlink(CAFE, below(inside, 'link'))
  }

  async function assertWhole(name: string): Promise<void> {
    assert.deepEqual(await bytesIn(name), ['a.tif', 'caf\xe9'])
    const inside = below(folder.at(name), CAFE)
    const names = await readdir(inside, { encoding: 'buffer' })
    assert.deepEqual(names.map(bytes => bytes.toString('latin1')).toSorted(), ['caf\xe9', 'link'])
    assert.deepEqual(await readlink(below(inside, 'link'), { encoding: 'buffer' }), CAFE)
    assert.equal((await lstat(below(inside, CAFE))).size, 1)
  }

  describe('paths', () => {
    it('are text where they can be, and else the bytes that they are', () => {
      assert.equal(pathOf(Buffer.from('/data/é\uFFFD')), '/data/é\uFFFD')
      const path = below('/data', pathOf(CAFE))
      assert.deepEqual(path, Buffer.from('/data/caf\xe9', 'latin1'))
      assert.deepEqual([folderOf(path), nameOf(path), shown(path)], ['/data', CAFE, '/data/caf\\xe9'])
      assert.deepEqual([folderOf('/data/é'), nameOf('/data/é'), shown('/data/é')], ['/data', 'é', '/data/é'])
      assert.deepEqual([folderOf(below(path, 'x')), nameOf(below(path, 'x'))], [path, 'x'])
      assert.equal(folderOf(Buffer.from('/caf\xe9', 'latin1')), '/')
    })
  })

  describe('names in another encoding than UTF-8', () => {
    beforeEach(makeScan)

    it('are copied as they are, at first and repeated', async () => {
      const task = new CopyTask('copy', { sources: folder.at('scan'), destination: folder.at('backup') })
      for (const epoch of [1, 2]) {
        assert.equal(told(await attempt(task, { epoch, host: storingHost() })), 'done')
        await assertWhole('backup/scan')
      }
    })

    it('are moved as they are: renamed, merged, and copied to another device', async () => {
      const move = (destination: string) =>
        attempt(new MoveTask('move', { sources: folder.at('scan'), destination }), { host: storingHost() })
      await folder.make({ 'merged/scan/': '' })
      assert.equal(told(await move(folder.at('merged'))), 'done')
      await assertWhole('merged/scan')
      const renameFile = (async (from: Path, to: Path) => {
        if (!shown(from).includes('.lf-')) throw Object.assign(new Error('cross-device'), { code: 'EXDEV' })
        await rename(from, to)
      }) as typeof rename
      const tools = { task: 'move', existing: 'replace', parts: new PartFiles(context), checkGoesOn: () => {} } as const
      await moveTree(folder.at('merged/scan'), folder.at('backup/scan'), { ...tools, renameFile })
      await assertWhole('backup/scan')
      assert.deepEqual(await bytesIn('merged'), [])
    })

    it('fail a GlobTask and a WalkTask, which could only tell of files that do not exist', async () => {
      const glob = new GlobTask('find', { paths: folder.at('scan'), pattern: 'c*' })
      const walk = new WalkTask('walk', { path: folder.at('scan'), callback: () => {} })
      for (const task of [glob, walk]) {
        const { outcome, error } = await attempt(task)
        assert.deepEqual([outcome, error?.code], ['failed', 'LF_FILE_NAME'])
        assert.equal(
          error?.message,
          `In the folder "${folder.at('scan')}" is a name that is no text in UTF-8: "caf\\xe9".`,
        )
      }
    })

    it('do not matter to a GlobTask that looks for others, but for folders which it would have to enter', async () => {
      const find = (recursive: boolean) =>
        attempt(new GlobTask('find', { paths: folder.at('scan'), pattern: '*.tif', recursive, absolute: false }))
      assert.deepEqual(dataOf(await find(false))?.['files'], ['a.tif'])
      assert.equal((await find(true)).error?.code, 'LF_FILE_NAME')
    })

    it('may be excluded from both', async () => {
      const found = await attempt(new GlobTask('find', { paths: folder.at('scan'), exclude: 'caf*', absolute: false }))
      assert.deepEqual(dataOf(found)?.['files'], ['a.tif'])
      const names: string[] = []
      const callback = ({ entry }: { entry: { name: string } }): void => void names.push(entry.name)
      const walk = new WalkTask('walk', { path: folder.at('scan'), exclude: 'caf*', callback })
      assert.equal(told(await attempt(walk)), 'done')
      assert.deepEqual(names, ['a.tif'])
    })
  })
})
