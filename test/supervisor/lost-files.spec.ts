/** A task reads a file that an earlier one named, and it cannot be had: what becomes of both. */
import assert from 'node:assert/strict'
import { encodeDataset } from '../../protocols/dataset.ts'
import { LightflowError, toErrorRecord } from '../../src/core/errors.ts'
import type { NamedFiles } from '../../src/payload/payload-store.ts'
import type { FileSource, NamedFile } from '../../src/tasks/named-file.ts'
import type { Effect } from '../../src/workflow/plan.ts'
import { eventually } from '../support/eventually.ts'
import { dagPlan, MemoryPeers, taskPlan } from '../support/memory-peers.ts'
import type { Script } from '../support/scripted-pool.ts'

const FILE: NamedFile = { path: '/data/frames.h5', bytes: 5, modifiedMs: 0, edges: 'ab'.repeat(32) }
const SOURCE: FileSource = { peer: 'peer-hutch', run: 'run', dag: 'd:1', task: 'make' }

describe('a file that cannot be had', () => {
  let peers: MemoryPeers
  beforeEach(() => (peers = new MemoryPeers()))
  afterEach(() => peers.close())

  /** `make`, `pass`, `use` in a row; `use` needs the file and fails with what it is told. It is there after so many tries. */
  async function play(
    {
      missesBefore,
      undecided = [],
      source = SOURCE,
      code = 'LF_FILE_LOST',
    }: { missesBefore: number; undecided?: string[]; source?: FileSource; code?: string },
    use: { effect?: Effect; needs?: 'make' | 'pass' } = {},
  ): Promise<void> {
    let tries = 0
    const namedFiles: NamedFiles = {
      name: async () => SOURCE.peer,
      fetch: async () => {
        tries += 1
        if (tries > missesBefore) return '/copy'
        throw new LightflowError(code, 'The file cannot be had.', { facts: { undecided } })
      },
    }
    const script: Script = async ({ task }, host) => {
      if (task !== 'use') return { bytes: encodeDataset({ data: {}, history: [task] }) }
      try {
        await host.fetchFile(FILE, source)
        return {}
      } catch (error) {
        return { outcome: 'failed', error: toErrorRecord(error) }
      }
    }
    await peers.add('hutch', script, { namedFiles })
    const { effect = 'idempotent', needs = 'make' } = use
    const tasks = [taskPlan('make'), taskPlan('pass'), taskPlan('use', { effect })]
    await peers.submit('run', [
      dagPlan('d', tasks, [
        ['make', 'pass'],
        [needs, 'use'],
      ]),
    ])
    await eventually(async () => (await peers.ledger.run('run'))?.state !== 'running')
  }

  async function outcome() {
    const tasks = await peers.ledger.tasks('run')
    const [make, used] = ['make', 'use'].map(name => tasks.find(task => task.name === name))
    return { make: make?.attempts, use: used?.state, code: used?.error?.code, tries: used?.attempts }
  }

  it('is made again by the task that named it, and the one that needs it waits, without a try being counted', async () => {
    await play({ missesBefore: 1 })
    assert.deepEqual(await outcome(), { make: 2, use: 'done', code: undefined, tries: 1 })
  })

  it('is made again in a retry of the run in which it was named', async () => {
    await play({ missesBefore: 1, source: { ...SOURCE, run: 'run-before' } })
    assert.deepEqual(await outcome(), { make: 2, use: 'done', code: undefined, tries: 1 })
  })

  it('is not made again for ever', async () => {
    await play({ missesBefore: Infinity })
    assert.deepEqual(await outcome(), { make: 4, use: 'failed', code: 'LF_FILE_LOST', tries: 1 })
  })

  it('may be had later while its holder lives: the task is given back', async () => {
    await play({ missesBefore: 2, undecided: ['peer-hutch'] })
    assert.deepEqual(await outcome(), { make: 1, use: 'done', code: undefined, tries: 3 })
  })

  it('because the disk here has no room for it may fit on that of another peer: the task is given back', async () => {
    await play({ missesBefore: 2, code: 'LF_PAYLOAD_NOT_KEPT' })
    assert.deepEqual(await outcome(), { make: 1, use: 'done', code: undefined, tries: 3 })
    await peers.close()
    peers = new MemoryPeers()
    await play({ missesBefore: Infinity, code: 'LF_PAYLOAD_NOT_KEPT' })
    assert.deepEqual(await outcome(), { make: 1, use: 'failed', code: 'LF_PAYLOAD_NOT_KEPT', tries: 5 })
  })

  it('fails a task that must not begin twice, and one whose predecessors only passed the name on', async () => {
    await play({ missesBefore: 1 }, { effect: 'exclusive' })
    assert.deepEqual(await outcome(), { make: 1, use: 'failed', code: 'LF_FILE_LOST', tries: 1 })
    await peers.close()
    peers = new MemoryPeers()
    await play({ missesBefore: 1 }, { needs: 'pass' })
    assert.deepEqual(await outcome(), { make: 1, use: 'failed', code: 'LF_FILE_LOST', tries: 1 })
  })

  /** `use` asks for two files, one after the other, named by these tasks, and fails with what it makes of the first error. */
  async function playTwo([one, two]: [string, string], failure: (first: Error) => unknown): Promise<void> {
    let tries = 0
    const namedFiles: NamedFiles = {
      name: async () => SOURCE.peer,
      fetch: async (_run, { path }) => {
        tries += 1
        if (tries > 2) return '/copy'
        throw new LightflowError('LF_FILE_LOST', `The file ${path} cannot be had.`)
      },
    }
    const script: Script = async ({ task }, host) => {
      if (task === 'make') return { bytes: encodeDataset({ data: {}, history: [task] }) }
      const ask = (path: string, named: string) =>
        host.fetchFile({ ...FILE, path }, { ...SOURCE, task: named }).catch((error: Error) => error)
      const [first] = [await ask('/data/a.h5', one), await ask('/data/b.h5', two)]
      if (typeof first === 'string') return {}
      return { outcome: 'failed', error: toErrorRecord(failure(first)) }
    }
    await peers.add('hutch', script, { namedFiles })
    await peers.submit('run', [dagPlan('d', [taskPlan('make'), taskPlan('use')], [['make', 'use']])])
    await eventually(async () => (await peers.ledger.run('run'))?.state !== 'running')
  }

  it('is told from others that the same task asked for in vain', async () => {
    await playTwo(['make', 'before'], first => first)
    assert.deepEqual(await outcome(), { make: 2, use: 'done', code: undefined, tries: 1 })
  })

  it('that a task got along without is not made again when the task fails for another reason of that kind', async () => {
    await playTwo(['before', 'make'], () => new LightflowError('LF_FILE_LOST', 'Something else cannot be had.'))
    assert.deepEqual(await outcome(), { make: 1, use: 'failed', code: 'LF_FILE_LOST', tries: 1 })
  })
})
