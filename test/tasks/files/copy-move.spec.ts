import assert from 'node:assert/strict'
import { chmod, link, lstat, mkdir, readFile, rename, symlink, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CopyTask, type CopyTaskOptions } from '../../../src/tasks/copy-task.ts'
import { moveTree } from '../../../src/tasks/files/move-tree.ts'
import { PartFiles } from '../../../src/tasks/files/part-files.ts'
import { MoveTask, type MoveTaskOptions } from '../../../src/tasks/move-task.ts'
import { context, input, NotingHost } from '../attempts.ts'
import { attempt, type AttemptOptions, storingHost, TestFolder, told } from './file-tasks.ts'

let folder: TestFolder
describe('tasks that copy and move', () => {
  beforeEach(() => {
    folder = new TestFolder()
  })
  afterEach(() => folder.remove())

  const copy = (options: Partial<CopyTaskOptions>, how: AttemptOptions = {}) =>
    attempt(new CopyTask('copy', { sources: folder.at('scan'), destination: folder.at('backup'), ...options }), how)

  const move = (options: Partial<MoveTaskOptions>, how: AttemptOptions = {}) =>
    attempt(new MoveTask('move', { sources: folder.at('scan'), destination: folder.at('backup'), ...options }), how)

  describe('CopyTask', () => {
    it('copies files into a folder, with their modes and times, and tells of it in its log', async () => {
      await folder.make({ 'scan/a.tif': 'a', 'scan/b.tif': 'b', 'backup/': '' })
      await chmod(folder.at('scan/a.tif'), 0o640)
      await utimes(folder.at('scan/a.tif'), 1000, 2000.5)
      const host = new NotingHost()
      const sources = [folder.at('scan/a.tif'), folder.at('scan/b.tif')]
      assert.equal(told(await copy({ sources }, { host })), 'done')
      assert.deepEqual(await folder.tree('backup'), { 'backup/a.tif': 'a', 'backup/b.tif': 'b' })
      const { mode, mtimeMs } = await lstat(folder.at('backup/a.tif'))
      assert.deepEqual([mode & 0o777, mtimeMs], [0o640, 2_000_500])
      const lines = host.calls.filter(([call]) => call === 'output')
      assert.deepEqual(lines[0], ['output', 'stdout', `copied ${sources[0]} to ${folder.at('backup/a.tif')}`])
    })

    it('copies one file to a name of its own, and takes its options from the data', async () => {
      await folder.make({ 'a.tif': 'a' })
      const options = { sources: (data: { get(key: string): unknown }) => data.get('from') as string }
      const inputs = [input('put', { from: folder.at('a.tif') })]
      await copy({ ...options, destination: folder.at('b.tif') }, { inputs })
      assert.deepEqual(await folder.tree(), { 'a.tif': 'a', 'b.tif': 'a' })
    })

    it('copies a folder with all that is in it, links as links, and merges it with one that is there', async () => {
      await folder.make({ 'scan/raw/a.tif': 'new', 'scan/empty/': '', 'backup/scan/raw/a.tif': 'old' })
      await folder.make({ 'backup/scan/other.tif': 'other', 'secret/x': 'x' })
      await symlink('../secret', folder.at('scan/out'))
      assert.equal(told(await copy({})), 'done')
      assert.deepEqual(await folder.tree('backup'), {
        'backup/scan/empty/': '',
        'backup/scan/other.tif': 'other',
        'backup/scan/out': '-> ../secret',
        'backup/scan/raw/a.tif': 'new',
      })
    })

    it('copies a folder that is closed to writing', async () => {
      await folder.make({ 'scan/raw/a.tif': 'a', 'backup/': '' })
      await chmod(folder.at('scan/raw'), 0o555)
      assert.equal(told(await copy({})), 'done')
      assert.equal((await lstat(folder.at('backup/scan/raw'))).mode & 0o777, 0o555)
      await chmod(folder.at('scan/raw'), 0o755)
      await chmod(folder.at('backup/scan/raw'), 0o755)
    })

    it('follows a source that is itself a link, since it was named', async () => {
      await folder.make({ 'real/a.tif': 'a', 'backup/': '' })
      await symlink(folder.at('real'), folder.at('scan'))
      await copy({})
      assert.deepEqual(await folder.tree('backup'), { 'backup/scan/a.tif': 'a' })
    })

    it('never writes through a link that stands where a folder or a file is to be', async () => {
      await folder.make({ 'scan/raw/a.tif': 'a', 'scan/b.tif': 'b', 'backup/scan/': '', 'secret/b.tif': 'secret' })
      await symlink(folder.at('secret/b.tif'), folder.at('backup/scan/b.tif'))
      await symlink(folder.at('secret'), folder.at('backup/scan/raw'))
      const result = await copy({})
      assert.equal(result.error?.code, 'LF_FILE_EXISTS')
      assert.match(result.error?.message ?? '', /found a link where it would write: ".*raw"/)
      assert.deepEqual(await folder.tree('secret'), { 'secret/b.tif': 'secret' })
      assert.equal(await readFile(folder.at('backup/scan/b.tif'), 'utf8'), 'b')
    })

    it('repeated, leaves what it made: a copy that is the same is not written again', async () => {
      await folder.make({ 'scan/a.tif': 'a', 'backup/': '' })
      await copy({})
      const { ino } = await lstat(folder.at('backup/scan/a.tif'))
      assert.equal(told(await copy({}, { epoch: 2 })), 'done')
      assert.equal((await lstat(folder.at('backup/scan/a.tif'))).ino, ino)
      await writeFile(folder.at('scan/a.tif'), 'A')
      await copy({})
      assert.equal(await readFile(folder.at('backup/scan/a.tif'), 'utf8'), 'A')
    })

    it('removes what a dead attempt of it left half-written, and nothing of others', async () => {
      await folder.make({ 'scan/a.tif': 'a', 'backup/scan/': '' })
      const target = folder.at('backup/scan/a.tif')
      const nameOf = (taskName: string, epoch: number) => new PartFiles({ ...context, taskName, epoch }).nameFor(target)
      const others = [nameOf('copy', 3), nameOf('another', 1)]
      for (const path of [nameOf('copy', 1), ...others]) await writeFile(path, 'half')
      await copy({}, { epoch: 2 })
      const left = Object.keys(await folder.tree('backup')).map(name => folder.at(name))
      assert.deepEqual(new Set(left), new Set([target, ...others]))
    })

    it("existing: 'refuse' lets a file of the same bytes stand, and fails for another", async () => {
      await folder.make({ 'scan/a.tif': 'a', 'backup/scan/a.tif': 'a' })
      assert.equal(told(await copy({ existing: 'refuse' })), 'done')
      await writeFile(folder.at('backup/scan/a.tif'), 'b')
      const result = await copy({ existing: 'refuse' })
      assert.equal(result.error?.code, 'LF_FILE_EXISTS')
      assert.equal(await readFile(folder.at('backup/scan/a.tif'), 'utf8'), 'b')
    })

    it('fails for a source that is missing, before it copies anything', async () => {
      await folder.make({ 'scan/a.tif': 'a', 'backup/': '' })
      const result = await copy({ sources: [folder.at('scan/a.tif'), folder.at('scan/b.tif')] })
      assert.equal(
        told(result),
        `failed LF_FILE_MISSING: The task "copy" could not copy "${folder.at('scan/b.tif')}": it does not exist.`,
      )
      assert.deepEqual(await folder.tree('backup'), {})
    })

    it('wants a folder for several sources, and names that differ', async () => {
      await folder.make({ 'x/a.tif': 'a', 'y/a.tif': 'b', 'backup/': '' })
      const sources = [folder.at('x/a.tif'), folder.at('y/a.tif')]
      const nowhere = await copy({ sources, destination: folder.at('nowhere') })
      assert.match(told(nowhere), /LF_FILE_DESTINATION: .* found no folder/)
      assert.match(told(await copy({ sources })), /LF_FILE_DESTINATION: .* two sources under one name/)
      assert.match(
        told(await copy({ sources: sources[0] ?? '', destination: folder.at('new/') })),
        /LF_FILE_DESTINATION: .* found no folder/,
      )
    })

    it('refuses to copy a folder into itself, also by way of a link, and a file onto itself', async () => {
      await folder.make({ 'scan/raw/a.tif': 'a' })
      await symlink(folder.at('scan/raw'), folder.at('alias'))
      for (const destination of [folder.at('scan/raw'), folder.at('alias'), folder.path]) {
        assert.equal((await copy({ destination })).error?.code, 'LF_FILE_ONTO_ITSELF', destination)
      }
      await link(folder.at('scan/raw/a.tif'), folder.at('b.tif'))
      const same = await copy({ sources: folder.at('scan/raw/a.tif'), destination: folder.at('b.tif') })
      assert.equal(same.error?.code, 'LF_FILE_ONTO_ITSELF')
    })

    it('refuses a pipe instead of waiting at it', async () => {
      const { execFileSync } = await import('node:child_process')
      await folder.make({ 'scan/': '', 'backup/': '' })
      execFileSync('mkfifo', [folder.at('scan/pipe')])
      assert.match(told(await copy({})), /LF_FILE_KIND: .* no file, folder or link/)
    })

    it('fails when the source changes while it is copied, and leaves nothing', async () => {
      await folder.make({ 'a.tif': 'a'.repeat(3 * 1024 * 1024), 'backup/': '' })
      const path = folder.at('a.tif')
      let looks = 0
      const isStopped = (): boolean => {
        looks += 1
        return false
      }
      const abort = new Proxy(new AbortController().signal, {
        get: (signal, key) => {
          if (key === 'throwIfAborted') return () => changeAt(3)
          const value: unknown = Reflect.get(signal, key, signal)
          return typeof value === 'function' ? value.bind(signal) : value
        },
      })
      const { appendFileSync } = await import('node:fs')
      const changeAt = (look: number): void => {
        if (looks === look) appendFileSync(path, 'more')
      }
      const result = await copy({ sources: path }, { abort, isStopped })
      assert.equal(result.error?.code, 'LF_FILE_CHANGED')
      assert.deepEqual(await folder.tree('backup'), {})
    })

    it('ends in its middle when its DAG is stopped, and leaves nothing half-written', async () => {
      await folder.make({ 'scan/a.tif': 'a'.repeat(3 * 1024 * 1024), 'backup/': '' })
      let looks = 0
      const result = await copy({}, { isStopped: () => ++looks > 4 })
      assert.equal(result.outcome, 'stopped')
      assert.deepEqual(await folder.tree('backup'), { 'backup/scan/': '' })
    })
  })

  describe('MoveTask', () => {
    it('moves files and folders into a folder', async () => {
      await folder.make({ 'scan/raw/a.tif': 'a', 'b.tif': 'b', 'backup/': '' })
      const sources = [folder.at('scan'), folder.at('b.tif')]
      assert.equal(told(await move({ sources }, { host: storingHost() })), 'done')
      assert.deepEqual(await folder.tree(), { 'backup/b.tif': 'b', 'backup/scan/raw/a.tif': 'a' })
    })

    it('renames a single source when the destination does not exist', async () => {
      await folder.make({ 'scan/a.tif': 'a' })
      await move({ destination: folder.at('renamed') })
      assert.deepEqual(await folder.tree(), { 'renamed/a.tif': 'a' })
    })

    it('merges folders; replaces files, or refuses to', async () => {
      await folder.make({
        'scan/a.tif': 'new',
        'scan/b.tif': 'b',
        'backup/scan/a.tif': 'old',
        'backup/scan/c.tif': 'c',
      })
      const refused = await move({ existing: 'refuse' })
      assert.equal(refused.error?.code, 'LF_FILE_EXISTS')
      assert.equal(told(await move({})), 'done')
      assert.deepEqual(await folder.tree(), {
        'backup/scan/a.tif': 'new',
        'backup/scan/b.tif': 'b',
        'backup/scan/c.tif': 'c',
      })
    })

    it('moves a link, not what it leads to', async () => {
      await folder.make({ 'secret/x': 'x', 'backup/': '' })
      await symlink(folder.at('secret'), folder.at('scan'))
      await move({})
      assert.deepEqual(await folder.tree(), { 'backup/scan': `-> ${folder.at('secret')}`, 'secret/x': 'x' })
    })

    it('moves a link into the folder to which it leads', async () => {
      await folder.make({ 'archive/x': 'x' })
      await symlink('archive', folder.at('current'))
      const options = { sources: folder.at('current'), destination: folder.at('archive') }
      assert.equal((await copy(options)).error?.code, 'LF_FILE_ONTO_ITSELF', 'a copy follows it')
      assert.equal(told(await move(options)), 'done')
      assert.deepEqual(await folder.tree(), { 'archive/current': '-> archive', 'archive/x': 'x' })
    })

    it('refuses to move a folder into itself, also by way of a link', async () => {
      await folder.make({ 'scan/raw/a.tif': 'a' })
      await symlink(folder.at('scan/raw'), folder.at('alias'))
      for (const destination of [folder.at('scan/raw'), folder.at('alias'), folder.path]) {
        assert.equal((await move({ destination })).error?.code, 'LF_FILE_ONTO_ITSELF', destination)
      }
    })

    it('fails for a missing source, before it moves anything', async () => {
      await folder.make({ 'scan/a.tif': 'a', 'backup/': '' })
      const host = storingHost()
      const sources = [folder.at('scan/a.tif'), folder.at('scan/b.tif')]
      assert.equal((await move({ sources }, { host })).error?.code, 'LF_FILE_MISSING')
      assert.deepEqual(await folder.tree(), { 'backup/': '', 'scan/a.tif': 'a' })
      // Again, by another claim: still nothing was begun.
      await writeFile(folder.at('backup/b.tif'), 'of somebody else')
      assert.equal((await move({ sources }, { host, epoch: 2 })).error?.code, 'LF_FILE_MISSING')
    })

    it('repeated, takes what it found at its beginning and is at the destination now as moved', async () => {
      await folder.make({ 'scan/a.tif': 'a', 'scan/b.tif': 'b', 'backup/': '' })
      const host = storingHost()
      const sources = [folder.at('scan/a.tif'), folder.at('scan/b.tif')]
      let looks = 0
      // The first attempt ends between its two files.
      await move({ sources }, { host, isStopped: () => ++looks > 1 })
      assert.deepEqual(await folder.tree(), { 'backup/a.tif': 'a', 'scan/b.tif': 'b' })
      assert.equal(told(await move({ sources }, { host, epoch: 2 })), 'done')
      assert.deepEqual(await folder.tree(), { 'backup/a.tif': 'a', 'backup/b.tif': 'b', 'scan/': '' })
      await unlink(folder.at('backup/a.tif'))
      const gone = await move({ sources }, { host, epoch: 3 })
      assert.equal(gone.error?.code, 'LF_FILE_MISSING', 'gone from both places')
    })

    it('never removes the only name of a file', async () => {
      await folder.make({ 'scan/a.tif': 'a' })
      const result = await move({ sources: folder.at('scan/a.tif'), destination: folder.at('scan') })
      assert.equal(result.error?.code, 'LF_FILE_ONTO_ITSELF')
      assert.deepEqual(await folder.tree(), { 'scan/a.tif': 'a' })
    })

    describe('to another device', () => {
      const otherDevice = async (from: string, to: string): Promise<void> => {
        const isPart = from.includes('.lf-')
        if (!isPart) throw Object.assign(new Error('cross-device'), { code: 'EXDEV' })
        await rename(from, to)
      }
      const tools = (epoch = 1) => ({
        task: 'move',
        existing: 'replace' as const,
        parts: new PartFiles({ ...context, epoch }),
        checkGoesOn: () => {},
        renameFile: otherDevice as typeof rename,
      })

      it('copies, and removes each file when its copy is whole', async () => {
        await folder.make({ 'scan/raw/a.tif': 'a', 'scan/b.tif': 'b', 'backup/': '' })
        await symlink('b.tif', folder.at('scan/c.tif'))
        await chmod(folder.at('scan/raw'), 0o750)
        await moveTree(folder.at('scan'), folder.at('backup/scan'), tools())
        assert.deepEqual(await folder.tree(), {
          'backup/scan/b.tif': 'b',
          'backup/scan/c.tif': '-> b.tif',
          'backup/scan/raw/a.tif': 'a',
        })
        assert.equal((await lstat(folder.at('backup/scan/raw'))).mode & 0o777, 0o750)
      })

      it('goes on where it was broken off, wherever that was', async () => {
        await folder.make({ 'scan/a.tif': 'a', 'scan/b.tif': 'b', 'scan/raw/c.tif': 'c', 'backup/': '' })
        for (let steps = 0; ; steps++) {
          let left = steps
          const checkGoesOn = (): void => {
            if (left-- <= 0) throw new Error('dead')
          }
          try {
            await moveTree(folder.at('scan'), folder.at('backup/scan'), { ...tools(steps + 1), checkGoesOn })
            break
          } catch (error) {
            assert.equal((error as Error).message, 'dead')
          }
          const tree = await folder.tree()
          for (const name of ['a.tif', 'b.tif', 'raw/c.tif']) {
            const texts = [tree[`scan/${name}`], tree[`backup/scan/${name}`]].filter(text => text !== undefined)
            assert.ok(texts.length > 0 && texts.every(text => text === name.at(-5)), `${name} after ${steps} steps`)
          }
        }
        assert.deepEqual(await folder.tree(), {
          'backup/scan/a.tif': 'a',
          'backup/scan/b.tif': 'b',
          'backup/scan/raw/c.tif': 'c',
        })
      })

      it('keeps a folder into which something was written meanwhile, and tells', async () => {
        await folder.make({ 'scan/a.tif': 'a', 'backup/': '' })
        let isFirst = true
        const renameFile = (async (from: string, to: string) => {
          if (from.endsWith('a.tif') && isFirst) {
            isFirst = false
            await mkdir(folder.at('scan/late'))
            await writeFile(join(folder.at('scan/late'), 'b.tif'), 'b')
          }
          return otherDevice(from, to)
        }) as typeof rename
        const moved = moveTree(folder.at('scan'), folder.at('backup/scan'), { ...tools(), renameFile })
        await assert.rejects(moved, { code: 'ENOTEMPTY' })
        assert.deepEqual(await folder.tree(), { 'backup/scan/a.tif': 'a', 'scan/late/b.tif': 'b' })
      })
    })
  })
})
