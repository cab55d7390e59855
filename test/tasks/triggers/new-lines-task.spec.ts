import assert from 'node:assert/strict'
import { appendFile, copyFile, rename, truncate, unlink, writeFile, utimes } from 'node:fs/promises'
import { NewLinesTask, type NewLinesTaskOptions } from '../../../src/tasks/new-lines-task.ts'
import type { TaskResult } from '../../../src/tasks/task-host.ts'
import { eventually } from '../../support/eventually.ts'
import { NotingHost } from '../attempts.ts'
import { attempt, type AttemptOptions, TestFolder, told } from '../files/file-tasks.ts'

describe('NewLinesTask', () => {
  let folder: TestFolder
  let path: string
  let kept: Map<string, unknown>
  let host: NotingHost
  let batches: string[][]
  let isStopped: boolean
  let isDraining: boolean
  let running: Promise<TaskResult>[]

  beforeEach(() => {
    folder = new TestFolder()
    path = folder.at('log.txt')
    kept = new Map()
    host = new NotingHost({
      storeGet: (_section: string, path: string) => structuredClone(kept.get(path)),
      storeWrite: (write: { path: string; value: unknown }) => void kept.set(write.path, structuredClone(write.value)),
    })
    batches = []
    isStopped = false
    isDraining = false
    running = []
  })
  afterEach(async () => {
    isStopped = true
    await Promise.all(running)
    folder.remove()
  })

  const start = (options: Partial<NewLinesTaskOptions> = {}, how: AttemptOptions = {}): Promise<TaskResult> => {
    const task = new NewLinesTask('follow', {
      path,
      pollMs: 10,
      callback: ({ lines }) => void batches.push([...lines]),
      ...options,
    })
    const result = attempt(task, { host, isStopped: () => isStopped, isDraining: () => isDraining, ...how })
    running.push(result)
    return result
  }

  const said = (pattern: RegExp): boolean => host.calls.some(([, , line]) => pattern.test(String(line)))
  /** Resolves when it watches: what comes now is new. */
  const watching = (times = 1): Promise<unknown> =>
    eventually(() => host.calls.filter(([, , line]) => String(line).startsWith('watching')).length === times)
  const lines = (): string[] => batches.flat()
  const handed = (count: number): Promise<unknown> => eventually(() => lines().length >= count)
  const stop = (result: Promise<TaskResult>): Promise<TaskResult> => {
    isStopped = true
    return result
  }
  /** Ends the attempt as a drain does, and lets another go on. */
  const move = async (result: Promise<TaskResult>): Promise<void> => {
    isDraining = true
    assert.equal((await result).outcome, 'handed-over')
    isDraining = false
  }

  it('hands over new lines, whole, in their order', async () => {
    await writeFile(path, 'old\n')
    const result = start()
    await watching()
    await appendFile(path, 'one\ntw')
    await handed(1)
    await appendFile(path, 'o\nthree\n')
    await handed(3)
    assert.equal(told(await stop(result)), 'done')
    assert.deepEqual(batches, [['one'], ['two'], ['three']])
  })

  it('hands over whole a line that was being written when it began', async () => {
    await writeFile(path, 'old\nhalf')
    const result = start()
    await watching()
    await appendFile(path, ' a line\n')
    await handed(1)
    await stop(result)
    assert.deepEqual(lines(), ['half a line'])
  })

  it('waits for a file that comes later', async () => {
    const result = start()
    await watching()
    await writeFile(path, 'one\n')
    await handed(1)
    await stop(result)
    assert.deepEqual(lines(), ['one'])
  })

  it('aggregates, and hands over the rest at the end, with a last line that has no line break', async () => {
    const result = start({ aggregate: 2 })
    await watching()
    await writeFile(path, '1\n2\n3\n4')
    await handed(2)
    await stop(result)
    assert.deepEqual(batches, [
      ['1', '2'],
      ['3', '4'],
    ])
  })

  it('useExisting: begins with what is there, at once, or flushExisting: false: in whole batches', async () => {
    await writeFile(path, '1\n2\n3\n')
    for (const flushExisting of [true, false]) {
      kept.clear()
      isStopped = false
      const result = start({ aggregate: 2, useExisting: true, flushExisting })
      await handed(flushExisting ? 3 : 2)
      await appendFile(path, '4\n5\n')
      await handed(4)
      await stop(result)
      const sizes = batches.splice(0).map(batch => batch.length)
      assert.deepEqual(sizes, flushExisting ? [2, 1, 2] : [2, 2, 2, 1])
    }
  })

  it('hands over many lines fast, in batches that the store can keep', async () => {
    const line = 'x'.repeat(1000)
    await writeFile(path, `${line}\n`.repeat(5000))
    assert.equal(told(await start({ useExisting: true, aggregate: 5000, maxLines: 5000 })), 'done')
    assert.equal(lines().length, 5000)
    assert.ok(batches.every(batch => batch.length < 2000))
  })

  it('reads a rotated file to its end before the next one', async () => {
    const result = start()
    await watching()
    await writeFile(path, '1\n')
    await handed(1)
    await rename(path, folder.at('log.txt.1'))
    await appendFile(folder.at('log.txt.1'), '2\n3')
    await writeFile(path, '4\n')
    await handed(4)
    await stop(result)
    assert.deepEqual(lines(), ['1', '2', '3', '4'])
    assert.ok(said(/log.txt was rotated; going on with the new file/))
  })

  it('reads a file that is cut, or written anew, from its beginning, and tells', async () => {
    const result = start()
    await watching()
    await writeFile(path, 'one\ntwo\nthr')
    await handed(2)
    await truncate(path)
    await eventually(() => said(/was cut or written anew/))
    await appendFile(path, 'a\n')
    await handed(3)
    await writeFile(path, 'much longer than all that was there before\n')
    await handed(4)
    await stop(result)
    assert.deepEqual(lines(), ['one', 'two', 'a', 'much longer than all that was there before'])
  })

  it('notices that a file was cut also when what is left begins as before', async () => {
    const result = start()
    await watching()
    const line = `${'x'.repeat(99)}\n`
    await writeFile(path, line.repeat(30))
    await handed(30)
    await truncate(path, 1500)
    await handed(45)
    await stop(result)
    assert.equal(lines().length, 45)
    assert.ok(said(/was cut or written anew/))
  })

  describe('goes on in another attempt', () => {
    it('where it was', async () => {
      const first = start()
      await watching()
      await writeFile(path, '1\n2\n')
      await handed(2)
      await move(first)
      await appendFile(path, '3\n')
      const second = start()
      await handed(3)
      await stop(second)
      assert.deepEqual(lines(), ['1', '2', '3'])
    })

    it('in a file that was rotated meanwhile, then in the new one', async () => {
      const first = start()
      await watching()
      await writeFile(path, '1\n')
      await handed(1)
      await move(first)
      await appendFile(path, '2\n')
      await rename(path, folder.at('log.txt.1'))
      await writeFile(path, '3\n')
      const second = start()
      await handed(3)
      await stop(second)
      assert.deepEqual(lines(), ['1', '2', '3'])
    })

    it('in all files that were rotated meanwhile, in their order', async () => {
      const first = start()
      await watching()
      await writeFile(path, '1\n')
      await handed(1)
      await move(first)
      await appendFile(path, '2\n')
      for (const rotation of [1, 2, 3]) {
        for (let number = rotation; number > 1; number--) {
          await rename(folder.at(`log.txt.${number - 1}`), folder.at(`log.txt.${number}`))
        }
        await rename(path, folder.at('log.txt.1'))
        await writeFile(path, `${rotation + 2}\n`)
        // Files are told apart by the time of their last change.
        await utimes(path, rotation, rotation)
      }
      await utimes(folder.at('log.txt.3'), 0, 0)
      await writeFile(folder.at('log.txt.index'), 'something else\n')
      const second = start()
      await handed(5)
      await stop(second)
      assert.deepEqual(lines(), ['1', '2', '3', '4', '5'])
    })

    it('at the beginning of one that was cut meanwhile, also when it has grown since', async () => {
      const first = start()
      await watching()
      await writeFile(path, 'one\n')
      await handed(1)
      await move(first)
      await writeFile(path, 'another, longer\n')
      const second = start()
      await handed(2)
      await stop(second)
      assert.deepEqual(lines(), ['one', 'another, longer'])
    })

    it('in a file that got another number, as on some shares', async () => {
      const first = start()
      await watching()
      await writeFile(path, 'one\n')
      await handed(1)
      await move(first)
      await copyFile(path, folder.at('copy'))
      await unlink(path)
      await rename(folder.at('copy'), path)
      await appendFile(path, 'two\n')
      const second = start()
      await handed(2)
      await stop(second)
      assert.deepEqual(lines(), ['one', 'two'])
    })

    it('in a new file when the old one is gone, and tells that something may be missed', async () => {
      const first = start()
      await watching()
      await writeFile(path, 'one\n')
      await handed(1)
      await move(first)
      await folder.make({ 'archive/': '' })
      await rename(path, folder.at('archive/log.txt'))
      await writeFile(path, 'new\n')
      const second = start()
      await handed(2)
      await stop(second)
      assert.deepEqual(lines(), ['one', 'new'])
      assert.ok(said(/another file than before.*what came after them is missed/))
    })

    it('with the lines that were waiting for a whole batch', async () => {
      const first = start({ aggregate: 2 })
      await watching()
      await writeFile(path, '1\n2\n3\n')
      await handed(2)
      await move(first)
      const second = start({ aggregate: 2 })
      await watching(2)
      await appendFile(path, '4\n')
      await handed(4)
      await stop(second)
      assert.deepEqual(batches, [
        ['1', '2'],
        ['3', '4'],
      ])
    })
  })

  it('ends after so many lines, and goes on behind them', async () => {
    await writeFile(path, '1\n2\n3\n')
    assert.equal(told(await start({ useExisting: true, maxLines: 2 })), 'done')
    assert.deepEqual(lines(), ['1', '2'])
    assert.equal(told(await start({ maxLines: 3 })), 'done')
    assert.deepEqual(lines(), ['1', '2', '3'])
  })

  it('fails at once when its folder does not exist, and refuses wrong options', async () => {
    const { error } = await start({ path: folder.at('no/log.txt') })
    assert.equal(error?.code, 'LF_FILE_MISSING')
    assert.match((await start({ path: folder.path })).error?.message ?? '', /could not watch/)
    assert.throws(() => new NewLinesTask('follow', { path: '/x' } as never), { message: /needs a function/ })
    assert.throws(() => new NewLinesTask('follow', { path: '/x', callback() {}, maxLines: 0 }), {
      message: /"maxLines"/,
    })
  })
})
