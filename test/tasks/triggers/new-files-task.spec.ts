import assert from 'node:assert/strict'
import { appendFile, mkdir, rename, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises'
import { NewFilesTask, type NewFilesTaskOptions } from '../../../src/tasks/new-files-task.ts'
import type { TaskResult } from '../../../src/tasks/task-host.ts'
import { StopTask } from '../../../src/workflow/signals.ts'
import { eventually } from '../../support/eventually.ts'
import { NotingHost } from '../attempts.ts'
import { attempt, type AttemptOptions, TestFolder, told } from '../files/file-tasks.ts'

describe('NewFilesTask', () => {
  let folder: TestFolder
  let kept: Map<string, unknown>
  let host: NotingHost
  let batches: { files: string[]; batch: number }[]
  let isStopped: boolean
  let running: Promise<TaskResult>[]

  beforeEach(() => {
    folder = new TestFolder()
    kept = new Map()
    host = new NotingHost({
      storeGet: (_section: string, path: string) => structuredClone(kept.get(path)),
      storeWrite: (write: { path: string; value: unknown }) => void kept.set(write.path, structuredClone(write.value)),
    })
    batches = []
    isStopped = false
    running = []
  })
  afterEach(async () => {
    isStopped = true
    await Promise.all(running)
    folder.remove()
  })

  const start = (options: Partial<NewFilesTaskOptions> = {}, how: AttemptOptions = {}): Promise<TaskResult> => {
    const task = new NewFilesTask('watch', {
      path: folder.path,
      pollMs: 10,
      settleMs: 20,
      callback: ({ files, batch }) =>
        void batches.push({ files: files.map(path => path.slice(folder.path.length + 1)), batch }),
      ...options,
    })
    const result = attempt(task, { host, isStopped: () => isStopped, ...how })
    running.push(result)
    return result
  }

  /** Resolves when it watches: what comes now is new. */
  const watching = (times = 1): Promise<unknown> =>
    eventually(() => host.calls.filter(([, , line]) => String(line).startsWith('watching')).length === times)

  const handed = (count: number): Promise<unknown> =>
    eventually(() => batches.flatMap(({ files }) => files).length >= count)

  const stop = async (result: Promise<TaskResult>): Promise<TaskResult> => {
    isStopped = true
    return result
  }

  it('hands over new files, one after the other, and ends when its DAG is stopped', async () => {
    await folder.make({ 'old.tif': 'old' })
    const result = start()
    await watching()
    await folder.make({ 'b.tif': 'b' })
    await handed(1)
    await folder.make({ 'deep/a.tif': 'a' })
    await handed(2)
    assert.equal(told(await stop(result)), 'done')
    assert.deepEqual(batches, [
      { files: ['b.tif'], batch: 1 },
      { files: ['deep/a.tif'], batch: 2 },
    ])
  })

  it('gives absolute paths', async () => {
    const files: string[] = []
    const result = start({ useExisting: true, maxFiles: 1, callback: call => void files.push(...call.files) })
    await folder.make({ 'a.tif': 'a' })
    await result
    assert.deepEqual(files, [folder.at('a.tif')])
  })

  it('aggregates, in order of time, and hands over the rest at the end', async () => {
    const result = start({ aggregate: 2, useExisting: true, flushExisting: false })
    await watching()
    for (const [index, name] of ['c', 'a', 'b', 'e', 'd'].entries()) {
      await folder.make({ [name]: name })
      await utimes(folder.at(name), 1000 + index, 1000 + index)
    }
    await handed(4)
    await stop(result)
    assert.deepEqual(
      batches.map(({ files }) => files),
      [['c', 'a'], ['b', 'e'], ['d']],
    )
  })

  it('useExisting: begins with what is there, and hands it over although it is no whole batch', async () => {
    await folder.make({ 'a.tif': 'a', 'b.tif': 'b', 'c.tif': 'c' })
    const result = start({ aggregate: 2, useExisting: true })
    await handed(3)
    await folder.make({ 'd.tif': 'd' })
    await stop(result)
    assert.deepEqual(
      batches.map(({ files }) => files.length),
      [2, 1, 1],
    )
  })

  it('flushExisting: false: lets the rest of it wait for a whole batch', async () => {
    await folder.make({ 'a.tif': 'a', 'b.tif': 'b', 'c.tif': 'c' })
    const result = start({ aggregate: 2, useExisting: true, flushExisting: false })
    await handed(2)
    await folder.make({ 'd.tif': 'd' })
    await handed(4)
    await stop(result)
    assert.deepEqual(
      batches.map(({ files }) => files.length),
      [2, 2],
    )
  })

  it('hands over a file when it is complete, not while it grows', async () => {
    const sizes: number[] = []
    const { stat } = await import('node:fs/promises')
    const callback: NewFilesTaskOptions['callback'] = async ({ files }) => {
      for (const path of files) sizes.push((await stat(path)).size)
      batches.push({ files: [...files], batch: 0 })
    }
    const result = start({ settleMs: 1000, callback })
    await watching()
    for (let piece = 0; piece < 10; piece++) {
      await appendFile(folder.at('grows.cbf'), 'x')
    }
    await handed(1)
    await stop(result)
    assert.deepEqual(sizes, [10])
  })

  it('leaves out what is excluded, hidden, empty, a link, or of another name', async () => {
    const result = start({ pattern: '*.tif', exclude: ['*_tmp.tif', 'skip'] })
    await watching()
    await folder.make({ 'a_tmp.tif': 'x', 'skip/b.tif': 'x', '.c.tif': 'x', 'd.txt': 'x', 'e.tif': '', 'f.tif': 'x' })
    await symlink(folder.at('d.txt'), folder.at('g.tif'))
    await handed(1)
    await stop(result)
    assert.deepEqual(
      batches.flatMap(({ files }) => files),
      ['f.tif'],
    )
  })

  it('excludes by a regular expression too, and looks at folders below only when told so', async () => {
    const result = start({ exclude: /frame_[13]/g, recursive: false, allowEmpty: true })
    await watching()
    await folder.make({ frame_1: 'x', frame_2: '', frame_3: 'x', 'deep/frame_4': 'x' })
    await handed(1)
    await stop(result)
    assert.deepEqual(
      batches.flatMap(({ files }) => files),
      ['frame_2'],
    )
  })

  it('hands a file over again when it is written anew, unless duplicates are skipped', async () => {
    for (const skipDuplicate of [false, true]) {
      isStopped = false
      kept.clear()
      const result = start({ skipDuplicate }, { host })
      await watching(skipDuplicate ? 2 : 1)
      await folder.make({ [`a${String(skipDuplicate)}`]: 'one' })
      await handed(1)
      await folder.make({ [`a${String(skipDuplicate)}`]: 'another' })
      if (skipDuplicate) await folder.make({ z: 'last' })
      await handed(2)
      await stop(result)
      const names = batches.splice(0).flatMap(({ files }) => files)
      assert.deepEqual(names, skipDuplicate ? ['atrue', 'z'] : ['afalse', 'afalse'])
    }
  })

  it('finds a file that is renamed into place with an old time', async () => {
    const result = start()
    await watching()
    await folder.make({ 'new.tif': 'x' })
    await handed(1)
    await folder.make({ '.part': 'x' })
    await utimes(folder.at('.part'), 1000, 1000)
    await rename(folder.at('.part'), folder.at('old.tif'))
    await handed(2)
    assert.equal(told(await stop(result)), 'done')
  })

  describe('goes on in another attempt', () => {
    it('without missing or repeating a file', async () => {
      await folder.make({ 'old.tif': 'old' })
      const first = start({ maxFiles: 1 })
      await watching()
      await folder.make({ 'a.tif': 'a' })
      await first
      await folder.make({ 'between.tif': 'b' })
      const second = start({ maxFiles: null }, { epoch: 3 })
      await handed(2)
      await stop(second)
      assert.deepEqual(batches, [
        { files: ['a.tif'], batch: 1 },
        { files: ['between.tif'], batch: 2 },
      ])
    })

    it('hands over again a batch whose callback failed, under its number, and starts what it started before', async () => {
      const keys = (): unknown[] => host.calls.filter(([method]) => method === 'startDag').map(([, , , key]) => key)
      const seen: number[] = []
      const callback: NewFilesTaskOptions['callback'] = async ({ signal, batch, files }) => {
        seen.push(batch)
        await signal.startDag('one', { files })
        if (seen.length === 1) throw new Error('the detector is away')
        await signal.startDag('one', { files }, { key: 'mine' })
      }
      await folder.make({ 'a.tif': 'a', 'b.tif': 'b' })
      const first = await start({ useExisting: true, callback })
      assert.equal(told(first), 'failed LF_TASK_FAILED: the detector is away')
      assert.equal(told(await start({ maxFiles: 2, callback })), 'done')
      assert.deepEqual(seen, [1, 1, 2])
      assert.deepEqual(keys(), ['batch 1, 1', 'batch 1, 1', 'mine', 'batch 2, 1', 'mine'])
    })

    it('gives up a batch in which three peers died, and says which', async () => {
      await folder.make({ 'bad.tif': 'x' })
      // The thread goes on in vain: for the ledger it is gone.
      const callback = (): Promise<void> => new Promise(() => {})
      const die = async (number: number): Promise<void> => {
        void start({ useExisting: true, callback }, { attemptNumber: number })
        running.length = 0
        await eventually(() => {
          const [, , pending, , attempt] = kept.values().toArray().at(-1) as unknown[]
          return pending !== null && attempt === number
        })
      }
      for (const number of [1, 2, 3]) await die(number)
      const last = await start({ callback }, { attemptNumber: 4 })
      assert.equal(last.error?.code, 'LF_TRIGGER_BATCH')
      assert.match(
        last.error?.message ?? '',
        /3 peers died while they dealt with batch 1, 1 files \(the first: ".*bad.tif"\)/,
      )
    })

    it('bears a share that is away, and its files that come back', async () => {
      await folder.make({ 'share/a.tif': 'a' })
      const result = start({ path: folder.at('share'), useExisting: true })
      await handed(1)
      await rename(folder.at('share'), folder.at('away'))
      await eventually(() =>
        host.calls.some(([, output, line]) => output === 'stderr' && /cannot be read/.test(String(line))),
      )
      await mkdir(folder.at('share'))
      await eventually(() => host.calls.some(([, , line]) => /can be read again/.test(String(line))))
      await rm(folder.at('share'), { recursive: true })
      await rename(folder.at('away'), folder.at('share'))
      await folder.make({ 'share/b.tif': 'b' })
      await handed(2)
      await stop(result)
      assert.deepEqual(
        batches.map(({ files }) => files),
        [['share/a.tif'], ['share/b.tif']],
      )
    })
  })

  describe('ends', () => {
    it('when it has handed over so many files, not one more', async () => {
      await folder.make({ a: 'a', b: 'b', c: 'c', d: 'd' })
      assert.equal(told(await start({ useExisting: true, aggregate: 2, maxFiles: 3 })), 'done')
      assert.deepEqual(
        batches.map(({ files }) => files.length),
        [2, 1],
      )
    })

    it('when nothing new has come for a while', async () => {
      await folder.make({ a: 'a', b: 'b', c: 'c' })
      const options = { useExisting: true, flushExisting: false, aggregate: 2, stopAfterIdleMs: 100 }
      assert.equal(told(await start(options)), 'done')
      assert.deepEqual(
        batches.map(({ files }) => files.length),
        [2, 1],
      )
    })

    it('when its condition is true, with what was there before', async () => {
      let isOver = false
      const seen: number[] = []
      const stopWhen: NewFilesTaskOptions['stopWhen'] = ({ handed }) => {
        seen.push(handed)
        return isOver
      }
      const result = start({ aggregate: 10, stopWhen })
      await watching()
      await folder.make({ a: 'a', b: 'b' })
      isOver = true
      assert.equal(told(await result), 'done')
      assert.deepEqual(batches, [{ files: ['a', 'b'], batch: 1 }])
      assert.equal(seen[0], 0)
    })

    it('when its callback says so', async () => {
      await folder.make({ a: 'a' })
      const callback = (): never => {
        throw new StopTask('enough')
      }
      assert.equal((await start({ useExisting: true, callback })).outcome, 'stopped')
    })

    it('when its peer is to leave, to go on elsewhere', async () => {
      const result = start({}, { isDraining: () => true })
      assert.equal((await result).outcome, 'handed-over')
    })

    it('and tells what the stopping run does not let it hand over', async () => {
      const refuse = (): never => {
        throw Object.assign(new Error('stopping'), { code: 'LF_RUN_STOPPING' })
      }
      const stopping = new NotingHost({ ...host.answers, startDag: refuse })
      const callback: NewFilesTaskOptions['callback'] = async ({ signal }) => void (await signal.startDag('one'))
      const result = start({ aggregate: 5, callback }, { host: stopping })
      await eventually(() => stopping.calls.some(([, , line]) => String(line).startsWith('watching')))
      await folder.make({ a: 'a', b: 'b' })
      const { outcome, error } = await stop(result)
      assert.deepEqual([outcome, error?.message], ['stopped', 'The run is stopping: 2 files were not handed over.'])
    })
  })

  it('fails at once for a folder that does not exist, and refuses wrong options', async () => {
    const { error } = await start({ path: folder.at('scam') })
    assert.equal(error?.message, `The task "watch" could not watch "${folder.at('scam')}": it does not exist.`)
    const make = (options: object) => () => new NewFilesTask('watch', { path: '/data', callback() {}, ...options })
    assert.throws(make({ callback: undefined }), { message: /needs a function as "callback"/ })
    assert.throws(make({ aggregate: 0 }), { message: /"aggregate"/ })
    assert.throws(make({ path: 'data' }), { message: /absolute path/ })
    assert.throws(make({ pollMs: 1 }), { message: /"pollMs"/ })
    assert.throws(make({ agregate: 1 }), { hint: /aggregate/ })
  })

  it('forgets a file that goes before its batch is whole', async () => {
    const result = start({ aggregate: 2 })
    await watching()
    await folder.make({ a: 'a' })
    await unlink(folder.at('a'))
    await folder.make({ b: 'b' })
    await writeFile(folder.at('c'), 'c')
    await handed(2)
    await stop(result)
    assert.deepEqual(
      batches.flatMap(({ files }) => files),
      ['b', 'c'],
    )
  })
})
