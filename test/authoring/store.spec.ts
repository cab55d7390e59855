import assert from 'node:assert/strict'
import { Dag, FunctionTask, type LocalRun, runLocal, type TaskCall, type TaskStore } from '../../src/index.ts'

describe('authoring: the store of a run', () => {
  /** Runs `body` in a task and gives its run. */
  const using = async (body: (store: TaskStore, call: TaskCall) => Promise<unknown>): Promise<LocalRun> => {
    const run = await runLocal(new Dag('main').define([new FunctionTask('use', async call => void (await body(call.store, call)))])) // oxfmt-ignore
    assert.equal(run.error, undefined)
    return run
  }

  it('sets and gets by dotted paths; a prefix gives the object below it', async () => {
    const run = await using(async store => {
      await store.set('sample.name', 'lysozyme')
      await store.set('sample.cell', { a: 1, b: [2] })
    })
    assert.equal(await run.store.get('sample.cell.a'), 1)
    assert.deepEqual(await run.store.get('sample'), { name: 'lysozyme', cell: { a: 1, b: [2] } })
  })

  it('gives the default when nothing is there', async () => {
    const run = await using(store => store.set('zero', 0))
    assert.deepEqual([await run.store.get('zero', 7), await run.store.get('none', 7)], [0, 7])
    assert.equal(await run.store.get('none'), undefined)
  })

  it('pushes one value, which may be a list, and extends by many', async () => {
    const run = await using(async store => {
      await store.push('files', 'a')
      await store.push('files', ['b', 'c'])
      await store.extend('files', ['d', 'e'])
    })
    assert.deepEqual(await run.store.get('files'), ['a', ['b', 'c'], 'd', 'e'])
  })

  it('refuses to append to what is no list, and to count what is no number', async () => {
    await using(async store => {
      await store.set('text', 'x')
      await assert.rejects(store.push('text', 1), { code: 'LF_STORE_TYPE' })
      await assert.rejects(store.extend('text', [1]), { code: 'LF_STORE_TYPE' })
      await assert.rejects(store.increment('text'), { code: 'LF_STORE_TYPE' })
    })
  })

  it('increments, from 0 when nothing is there', async () => {
    const run = await using(async store => {
      await store.increment('frames')
      await store.increment('frames', 4)
      await store.increment('dose', -0.5)
    })
    assert.deepEqual([await run.store.get('frames'), await run.store.get('dose')], [5, -0.5])
  })

  it('loses nothing of what parallel tasks append and count', async () => {
    const task = (name: string): FunctionTask =>
      new FunctionTask(name, async ({ store }) => {
        for (let index = 0; index < 20; index++) {
          await Promise.all([store.push('list', `${name}${index}`), store.increment('count')])
        }
      })
    const run = await runLocal(new Dag('main').define([task('a'), task('b'), task('c')]))
    assert.deepEqual([await run.store.get('count'), new Set(await run.store.get<string[]>('list')).size], [60, 60])
  })

  it('deletes a value, and all below a prefix', async () => {
    const run = await using(async store => {
      await store.set('a', { b: 1, c: 2 })
      await store.delete('a.b')
      await store.set('gone', { x: 1, y: 2 })
      await store.delete('gone')
    })
    assert.deepEqual([await run.store.get('a'), await run.store.get('gone')], [{ c: 2 }, undefined])
  })

  it('keeps binary and structured values as they are', async () => {
    const values = { image: new Float64Array([1, 2]), at: new Date(7), map: new Map([[1, 'x']]), big: 10n ** 20n }
    const run = await using(async store => {
      for (const [name, value] of Object.entries(values)) await store.set(name, value)
    })
    for (const [name, value] of Object.entries(values)) assert.deepEqual(await run.store.get(name), value)
  })

  it('keeps large values, up to a limit that it names', async () => {
    const image = new Uint8Array(900_000).fill(7)
    const run = await using(async store => {
      await store.set('image', image)
      await assert.rejects(store.set('huge', new Uint8Array(64 * 1024 * 1024)), { code: 'LF_VALUE_TOO_LARGE' })
    })
    assert.deepEqual(await run.store.get('image'), image)
  })

  it('holds the options of the workflow before its first task begins', async () => {
    const { Option, Parameters } = await import('../../src/index.ts')
    let seen: unknown
    const look = new FunctionTask('look', async ({ store }) => void (seen = await store.get('iterations')))
    const parameters = new Parameters([new Option('iterations', { type: 'int' })])
    await runLocal([new Dag('main').define([look]), parameters], { iterations: '5' })
    assert.equal(seen, 5)
  })

  it('has a second section, meta, in which tasks may write as well', async () => {
    let seen: unknown
    await using(async store => {
      await store.section('meta').set('note', 'x')
      await store.set('note', 'y')
      seen = [await store.section('meta').get('note'), await store.get('note')]
    })
    assert.deepEqual(seen, ['x', 'y'])
  })

  it('tells in the section meta of the run, its DAGs and its tasks, with their times and peers', async () => {
    const seen: Record<string, unknown> = {}
    const first = new FunctionTask('first', () => {}, { queue: 'fast' })
    const second = new FunctionTask('second', async ({ store }) => {
      const meta = store.section('meta')
      for (const path of [
        'workflow',
        'log.main:1.tasks.first',
        'log.main:1.tasks.second',
        'log.main:1.state',
        'log.main:2',
      ]) {
        seen[path] = await meta.get(path)
      }
      seen['duration'] = await meta.get('log.main:1.tasks.first.durationMs')
      seen['dags'] = Object.keys(await meta.get<object>('log'))
    })
    await runLocal(new Dag('main').define([[first, second]]))
    const { startedAt, endedAt, durationMs, ...ended } = seen['log.main:1.tasks.first'] as Record<string, unknown>
    assert.deepEqual(ended, { state: 'done', queue: 'fast', peer: 'local', attempts: 1 })
    assert.deepEqual([startedAt instanceof Date, endedAt instanceof Date], [true, true])
    assert.equal(seen['duration'], durationMs)
    const running = seen['log.main:1.tasks.second'] as Record<string, unknown>
    assert.deepEqual([running['state'], running['endedAt'], running['durationMs']], ['claimed', null, null])
    assert.deepEqual([seen['workflow'], seen['log.main:1.state'], seen['log.main:2']], ['local', 'running', undefined])
    assert.deepEqual(seen['dags'], ['main:1'])
  })

  it('does not let tasks write what Lightflow itself notes in meta', async () => {
    await using(async store => {
      for (const path of ['workflow', 'log.main:1.state', 'writes.x']) {
        await assert.rejects(store.section('meta').set(path, 1), { code: 'LF_STORE_PATH' })
      }
    })
  })
})
