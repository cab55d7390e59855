import assert from 'node:assert/strict'
import { decodeDataset } from '../../../protocols/dataset.ts'
import { Dag, FunctionTask, runLocal } from '../../../src/index.ts'
import { ChunkingTask, type ChunkingTaskOptions } from '../../../src/tasks/chunking-task.ts'
import { runTask } from '../../../src/tasks/run-task.ts'
import type { TaskResult } from '../../../src/tasks/task-host.ts'
import { context, input, NotingHost } from '../attempts.ts'

const FRAMES = ['s1_1.tif', 's1_2.tif', 's2_1.tif', 's1_3.tif']

describe('ChunkingTask', () => {
  let host: NotingHost
  beforeEach(() => {
    const kept = new Map<string, unknown>()
    host = new NotingHost({
      storeGet: (_section: string, path: string) => kept.get(path),
      storeWrite: (write: { path: string; value: unknown }) => void kept.set(write.path, write.value),
    })
  })

  const chunk = (
    options: Partial<ChunkingTaskOptions>,
    { list = FRAMES, dagName = 'main:1' }: { list?: unknown[]; dagName?: string } = {},
  ): Promise<TaskResult> =>
    runTask({
      task: new ChunkingTask('split', { dagName: 'reduce', matchPattern: '(s\\d+)_', inKey: 'files', ...options }),
      context: { ...context, taskName: 'split', dagName },
      inputs: [input('find', { files: list, sample: 'lysozyme' })],
      start: null,
      host,
      abort: new AbortController().signal,
      isStopped: () => false,
    })

  /** The data of the copies that were started since the last look. */
  const started = (): Record<string, unknown>[] => {
    const calls = host.calls.splice(0).filter(([method]) => method === 'startDag')
    return calls.map(([, , bytes]) => decodeDataset(bytes as Uint8Array).data)
  }

  const lists = (key = 'files'): unknown[] => started().map(data => data[key])

  it('starts a copy of the DAG with each chunk, in the place of the list, beside the other data', async () => {
    assert.equal((await chunk({})).error, null)
    assert.deepEqual(started(), [
      { files: ['s1_1.tif', 's1_2.tif'], sample: 'lysozyme' },
      { files: ['s2_1.tif'], sample: 'lysozyme' },
      { files: ['s1_3.tif'], sample: 'lysozyme' },
    ])
  })

  it('outKey: puts the chunk elsewhere; decimate: thins it out; every option may be a function', async () => {
    await chunk({ outKey: () => 'chunk', decimate: () => 2, flushOnEnd: () => true, matchPattern: () => /(s\d+)_/g })
    assert.deepEqual(lists('chunk'), [['s1_1.tif'], ['s2_1.tif'], ['s1_3.tif']])
  })

  it('forceConsecutive: false: one chunk for all that are equal', async () => {
    await chunk({ forceConsecutive: false })
    assert.deepEqual(lists(), [['s1_1.tif', 's1_2.tif', 's1_3.tif'], ['s2_1.tif']])
  })

  it('flushOnEnd: false: the last chunk waits for the list of the next copy of its DAG', async () => {
    await chunk({ flushOnEnd: false })
    assert.deepEqual(lists(), [['s1_1.tif', 's1_2.tif'], ['s2_1.tif']])
    await chunk({ flushOnEnd: false }, { list: ['s1_4.tif', '|', 's1_5.tif'], dagName: 'main:2' })
    assert.deepEqual(lists(), [['s1_3.tif', 's1_4.tif']])
    await chunk({ flushOnEnd: true }, { list: [], dagName: 'main:3' })
    assert.deepEqual(lists(), [['s1_5.tif']])
    await chunk({ flushOnEnd: true }, { list: [], dagName: 'main:4' })
    assert.deepEqual(lists(), [])
  })

  it('repeated, begins with the same that was left to it, and starts the same', async () => {
    await chunk({ flushOnEnd: false }, { list: ['s1_1.tif'] })
    const again = { list: ['s1_2.tif', 's2_1.tif'], dagName: 'main:2' }
    for (let attempt = 0; attempt < 2; attempt++) {
      await chunk({ flushOnEnd: false }, again)
      assert.deepEqual(lists(), [['s1_1.tif', 's1_2.tif']])
    }
    await chunk({}, { list: [], dagName: 'main:3' })
    assert.deepEqual(lists(), [['s2_1.tif']])
  })

  it('fails when the data has no list of texts there', async () => {
    const { error } = await chunk({}, { list: ['a', 1] })
    assert.deepEqual(
      [error?.code, error?.message],
      ['LF_CHUNK_LIST', 'The task "split" needs a list of texts as "files" in its data, but got an array.'],
    )
    assert.equal((await chunk({ inKey: 'frames' })).error?.code, 'LF_CHUNK_LIST')
  })

  it('refuses wrong options where they are written', () => {
    const make = (options: object) => () =>
      new ChunkingTask('split', { dagName: 'reduce', matchPattern: 'x', inKey: 'files', ...options })
    assert.throws(make({ matchPattern: '(' }), { message: /needs a regular expression as "matchPattern"/ })
    assert.throws(make({ decimate: 0 }), { message: /needs a whole number from 1 as "decimate"/ })
    assert.throws(make({ dagName: undefined }), { message: /needs a DAG or its name/ })
    assert.throws(make({ dag: 'x' }), { code: 'LF_TASK_OPTIONS' })
  })

  it('starts DAGs of the workflow, which run', async () => {
    const reduce = new Dag('reduce', { autostart: false })
    reduce.define([[new FunctionTask('count', ({ data }) => data.set('count', data.get<string[]>('files').length))]])
    const main = new Dag('main')
    const put = new FunctionTask('put', ({ data }) => data.set('files', FRAMES))
    main.define([[put, new ChunkingTask('split', { dagName: reduce, matchPattern: /^(s\d)/, inKey: 'files' })]])
    const run = await runLocal({ main, reduce })
    assert.equal(run.state, 'succeeded')
    const counts = [1, 2, 3].map(copy => run.task(`reduce:${copy}/count`).data['count'])
    assert.deepEqual(counts, [2, 1, 1])
  })
})
