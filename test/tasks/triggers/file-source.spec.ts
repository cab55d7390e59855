import assert from 'node:assert/strict'
import { FileSource, type FileSourceParts, type FileSourceRules } from '../../../src/tasks/triggers/file-source.ts'
import type { FoundFile } from '../../../src/tasks/triggers/settling.ts'
import { SleepingClock } from './virtual-folder.ts'

const RULES: FileSourceRules = {
  task: 'watch',
  root: '/nonexistent',
  patterns: ['*'],
  exclude: [],
  looksAgain: true,
  ignoreRewritten: false,
  allowEmpty: false,
  settleMs: 100,
  pollMs: 50,
  useExisting: true,
  flushExisting: false,
}

const file = (path: string, mtime: number, size = 1): FoundFile => ({
  path,
  mtimeNs: BigInt(mtime),
  size: BigInt(size),
})

describe('FileSource', () => {
  let clock: SleepingClock
  /** What looks tell, as a network share remembers it, and what is so. */
  let remembered: FoundFile[]
  let real: Map<string, FoundFile>
  let source: FileSource
  let said: string[]

  const finder: NonNullable<FileSourceParts['finder']> = {
    look: async () => remembered,
    lookClosely: async ({ path }) => real.get(path) ?? null,
    noteOld: () => {},
  }

  beforeEach(async () => {
    clock = new SleepingClock()
    remembered = []
    real = new Map()
    said = []
    const pages = { readPage: async () => new Uint8Array(), writePage: async () => {} }
    const log = { output: (_: string, line: string) => void said.push(line) } as unknown as FileSourceParts['log']
    source = new FileSource(RULES, { clock, log, pages, finder })
    await source.start(null)
  })

  const lookTwice = async (): Promise<void> => {
    for (let look = 0; look < 2; look++) {
      await source.look()
      clock.nowMs += 100
    }
    await source.look()
  }

  it('does not believe a share that remembers an old state of a file: it opens the file', async () => {
    remembered = [file('a', 1), file('b', 2)]
    real.set('a', file('a', 1)).set('b', file('b', 9, 2))
    await lookTwice()
    assert.equal(source.ready, 2)
    assert.equal(await source.take(2, false), null, 'there are no two')
    assert.deepEqual([source.ready, source.unready], [1, 1])
    assert.deepEqual((await source.take(2, true))?.items, ['a'])
    remembered = [file('b', 9, 2)]
    await lookTwice()
    assert.deepEqual((await source.take(1, false))?.items, ['b'])
  })

  it('forgets a file that is gone when it is opened', async () => {
    remembered = [file('a', 1), file('b', 2)]
    real.set('b', file('b', 2))
    await lookTwice()
    assert.deepEqual((await source.take(1, false))?.items, ['b'])
  })

  it('bears a share that goes away while files are opened, and keeps what was ready', async () => {
    remembered = [file('a', 1)]
    await lookTwice()
    const away = Object.assign(new Error('share is away'), { code: 'EIO' })
    const lookClosely = finder.lookClosely
    finder.lookClosely = async () => {
      throw away
    }
    assert.equal(await source.take(1, false), null)
    assert.ok(said.some(line => /cannot be read: share is away/.test(line)))
    finder.lookClosely = lookClosely
    real.set('a', file('a', 1))
    assert.deepEqual((await source.take(1, false))?.items, ['a'])
  })

  it('waits until the next look can bring something', async () => {
    assert.equal(source.pauseMs, 50)
    remembered = [file('a', 1)]
    await source.look()
    clock.nowMs += 80
    assert.equal(source.pauseMs, 20)
  })
})
