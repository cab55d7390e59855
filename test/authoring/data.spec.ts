import assert from 'node:assert/strict'
import { Dag, FunctionTask, MultiTaskData, NdArray, runLocal, slot, TaskData } from '../../src/index.ts'

import type { TaskCallback } from '../../src/workflow/task-call.ts'

describe('authoring: task data', () => {
  const put = (name: string, values: Record<string, unknown>): FunctionTask =>
    new FunctionTask(name, ({ data }) => {
      for (const [key, value] of Object.entries(values)) data.set(key, value)
    })

  /** The join of two tasks: `left` with the slot `l`, and `right`. */
  const join = async (
    left: Record<string, unknown>,
    right: Record<string, unknown>,
    callback: TaskCallback,
  ): ReturnType<typeof runLocal> => {
    const task = new FunctionTask('join', callback)
    const run = await runLocal(
      new Dag('main').define([
        [put('left', left), slot(task, 'l')],
        [put('right', right), task],
      ]),
    )
    assert.equal(run.error, undefined)
    return run
  }

  it('gives a first task one empty dataset under its own name', async () => {
    let seen: unknown
    await runLocal(
      new Dag('main').define([
        new FunctionTask('first', ({ data }) => {
          seen = [data.size, data.dataset('first').keys(), data.defaultIndex]
        }),
      ]),
    )
    assert.deepEqual(seen, [1, [], 0])
  })

  it('reads, writes, finds and deletes values of the default dataset', async () => {
    let seen: unknown
    await join({ value: 5, old: 1 }, {}, ({ data }) => {
      data.delete('old')
      data.set('new', 2)
      seen = [data.get('value'), data.has('old'), data.get('old', 'none'), data.keys()]
    })
    assert.deepEqual(seen, [5, false, 'none', ['value', 'new']])
  })

  it('finds datasets by index, by task and by slot, and goes through all of them', async () => {
    let seen: unknown
    await join({ value: 5 }, { value: 25 }, ({ data }) => {
      const which = [0, 1, 'left', 'right', 'l'] as const
      seen = [which.map(one => data.dataset(one).get('value')), [...data].map(one => one.get('value'))]
    })
    assert.deepEqual(seen, [
      [5, 25, 5, 25, 5],
      [5, 25],
    ])
  })

  it('refuses an index and an alias that are not there', async () => {
    await join({}, {}, ({ data }) => {
      assert.throws(() => data.dataset(2), { code: 'LF_DATA_INDEX' })
      assert.throws(() => data.dataset('lfet'), { code: 'LF_DATA_ALIAS', hint: /Did you mean "left"/ })
      assert.throws(() => data.setDefault('nobody'), { code: 'LF_DATA_ALIAS' })
      assert.throws(() => data.addAlias('x', 7), { code: 'LF_DATA_INDEX' })
    })
  })

  it('makes another dataset the default, by index or by alias; it then wins', async () => {
    for (const which of [1, 'right'] as const) {
      const run = await join({ value: 5 }, { value: 25 }, ({ data }) => data.setDefault(which))
      assert.equal(run.task('join').data['value'], 25)
    }
  })

  it('adds datasets and aliases', async () => {
    let seen: unknown
    await join({ value: 5 }, {}, ({ data }) => {
      data.addDataset('third', new TaskData({ value: 125 }), ['cube'])
      data.addAlias('mine', 0)
      seen = [data.dataset('third').get('value'), data.dataset('cube').get('value'), data.dataset('mine').get('value')]
    })
    assert.deepEqual(seen, [125, 125, 5])
  })

  it('merges all datasets into one after the task, at every level, the default one winning', async () => {
    const run = await join(
      { scan: { id: 1, beam: 'on' }, list: [1, 2] },
      { scan: { id: 2, frames: 9 }, list: [3], other: true },
      () => {},
    )
    assert.deepEqual(run.task('join').data, { scan: { id: 1, frames: 9, beam: 'on' }, list: [1, 2], other: true })
  })

  it('flattens on demand, in place or into another object, with all aliases on the one dataset', async () => {
    let seen: unknown
    await join({ value: 5 }, { other: 1 }, ({ data }) => {
      const flat = data.flatten({ inPlace: false })
      const before = data.size
      data.flatten()
      seen = [before, flat.size, data.size, data.dataset('right').get('value'), flat.dataset('l').get('other')]
    })
    assert.deepEqual(seen, [2, 1, 1, 5, 1])
  })

  it('hands one dataset per predecessor on, whose history names who contributed', async () => {
    let seen: unknown
    const [a, b, c] = ['a', 'b', 'c'].map(name => put(name, {})) as [FunctionTask, FunctionTask, FunctionTask]
    const last = new FunctionTask('last', ({ data }) => void (seen = [data.size, data.taskHistory]))
    const run = await runLocal(
      new Dag('main').define([
        [a, c],
        [b, c],
        [c, last],
      ]),
    )
    assert.deepEqual(seen, [1, ['b', 'a', 'c']])
    assert.deepEqual(run.task('last').history, ['b', 'a', 'c', 'last'])
  })

  it('gives each task data of its own', async () => {
    const left = new FunctionTask('left', ({ data }) => void data.get<number[]>('list').push(1))
    const right = new FunctionTask('right', ({ data }) => void data.get<number[]>('list').push(2))
    const run = await runLocal(new Dag('main').define([[put('put', { list: [] }), [left, right]]]))
    assert.deepEqual([run.task('left').data['list'], run.task('right').data['list']], [[1], [2]])
  })

  it('carries arrays, images, dates, sets, maps and big numbers as they are', async () => {
    const values = {
      image: new NdArray(new Float32Array([1, 2, 3, 4]), [2, 2]),
      raw: new Uint16Array([7, 8]),
      at: new Date(5),
      tags: new Set(['a']),
      peaks: new Map([[1.5, 'first']]),
      id: 12345678901234567890n,
      none: null,
    }
    let seen: unknown
    const look = new FunctionTask('look', ({ data }) => void (seen = { ...data.dataset().data }))
    await runLocal(new Dag('main').define([[put('put', values), look]]))
    assert.deepEqual(seen, values)
  })

  it('starts a DAG on data that is an object, a dataset, or several of them', async () => {
    const seen: unknown[] = []
    const sub = new Dag('sub', { autostart: false }).define([
      new FunctionTask('look', ({ data }) => void seen.push([data.get('x'), data.size])),
    ])
    const several = new MultiTaskData()
    several.addDataset('one', new TaskData({ x: 3 }))
    several.addDataset('two', new TaskData({ x: 4 }))
    const main = new Dag('main').define([
      new FunctionTask('start', async ({ signal }) => {
        for (const data of [{ x: 1 }, new TaskData({ x: 2 }), several, undefined]) {
          await signal.joinDags(await signal.startDag(sub, data))
        }
      }),
    ])
    await runLocal([main, sub])
    assert.deepEqual(seen, [
      [1, 1],
      [2, 1],
      [3, 1],
      [undefined, 1],
    ])
  })
})
