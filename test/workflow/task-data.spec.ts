import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { MultiTaskData } from '../../src/workflow/multi-task-data.ts'
import { TaskData } from '../../src/workflow/task-data.ts'

describe('TaskData', () => {
  it('gets, sets, finds and deletes values', () => {
    const data = new TaskData({ a: 1 })
    data.set('b', undefined)
    assert.deepEqual([data.get('a'), data.has('b'), data.get('b', 7), data.get('c', 7)], [1, true, undefined, 7])
    data.delete('a')
    data.delete('a')
    assert.deepEqual([data.has('a'), data.keys()], [false, ['b']])
  })

  it('knows nothing of what every object inherits', () => {
    const data = new TaskData()
    assert.deepEqual([data.has('toString'), data.get('toString')], [false, undefined])
  })

  it('refuses keys that nobody could receive', () => {
    for (const key of ['__proto__', 'constructor', 'prototype', 5, undefined]) {
      assert.throws(() => new TaskData().set(key as string, 1), { code: 'LF_DATA_KEY' })
    }
    assert.throws(() => new TaskData(JSON.parse('{"__proto__": 1}')), { code: 'LF_DATA_KEY' })
    assert.throws(() => new TaskData([] as never), { code: 'LF_DATA' })
  })

  it('merges objects at every level and replaces all else', () => {
    const data = new TaskData({ keep: 1, list: [1, 2], deep: { x: { p: 1, q: 1 }, only: true }, mixed: { a: 1 } })
    data.merge(new TaskData({ list: [3], deep: { x: { q: 2, r: 2 } }, mixed: 5, added: new Date(0) }))
    assert.deepEqual(data.data, {
      keep: 1,
      list: [3],
      deep: { x: { p: 1, q: 2, r: 2 }, only: true },
      mixed: 5,
      added: new Date(0),
    })
  })

  it('does not touch what it was merged from', () => {
    const [first, second] = [{ deep: { a: 1 } }, { deep: { b: 2 } }]
    const data = new TaskData()
    data.merge(new TaskData(first))
    data.merge(new TaskData(second))
    assert.deepEqual([data.get('deep'), first, second], [{ a: 1, b: 2 }, { deep: { a: 1 } }, { deep: { b: 2 } }])
  })

  it('replaces typed arrays, Maps and dates whole', () => {
    const data = new TaskData({ array: new Float64Array(3), map: new Map([[1, 1]]) })
    data.merge(new TaskData({ array: new Float64Array([5]), map: new Map([[2, 2]]) }))
    assert.deepEqual(data.data, { array: new Float64Array([5]), map: new Map([[2, 2]]) })
  })

  it('ends also when both sides contain themselves', () => {
    const ring = () => {
      const object: Record<string, unknown> = {}
      object.self = object
      return object
    }
    const data = new TaskData({ ring: ring() })
    data.merge(new TaskData({ ring: ring() }))
    assert.ok(data.has('ring'))
  })

  it('unites histories in order', () => {
    const data = new TaskData({}, ['put', 'lane1'])
    data.merge(new TaskData({}, ['put', 'lane2', 'lane2']))
    assert.deepEqual(data.taskHistory, ['put', 'lane1', 'lane2'])
  })

  it('copies deeply', () => {
    const data = new TaskData({ deep: { a: 1 } }, ['put'])
    const copy = data.copy()
    copy.get<{ a: number }>('deep').a = 2
    copy.addTaskHistory('fit')
    assert.deepEqual([data.get('deep'), data.taskHistory, copy.taskHistory], [{ a: 1 }, ['put'], ['put', 'fit']])
  })

  it('merges as if every path to a leaf were set one after the other', () => {
    const leaf = fc.oneof(fc.integer(), fc.string(), fc.constant(null))
    const { tree } = fc.letrec<{ tree: Record<string, unknown> }>(tie => ({
      tree: fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.oneof({ maxDepth: 3 }, leaf, tie('tree'))),
    }))
    fc.assert(
      fc.property(tree, tree, (base, over) => {
        const data = new TaskData(structuredClone(base))
        data.merge(new TaskData(structuredClone(over)))
        assert.deepEqual({ ...data.data }, mergeByPaths(base, over))
      }),
    )
  })
})

function mergeByPaths(base: unknown, over: unknown): unknown {
  const isRecord = (value: unknown) => typeof value === 'object' && value !== null
  if (!isRecord(base) || !isRecord(over)) return structuredClone(over)
  const [left, right] = [base as Record<string, unknown>, over as Record<string, unknown>]
  const keys = new Set([...Object.keys(left), ...Object.keys(right)])
  return Object.fromEntries(
    Array.from(keys, key => {
      if (!Object.hasOwn(right, key)) return [key, structuredClone(left[key])]
      return [key, Object.hasOwn(left, key) ? mergeByPaths(left[key], right[key]) : structuredClone(right[key])]
    }),
  )
}

describe('MultiTaskData', () => {
  function twoDatasets(): MultiTaskData {
    const data = new MultiTaskData()
    data.addDataset('put', new TaskData({ value: 5, deep: { from: 'put', put: 1 } }, ['put']), ['first'])
    data.addDataset('square', new TaskData({ value: 25, deep: { from: 'square', square: 1 } }, ['put', 'square']))
    return data
  }

  it('acts on the first dataset unless told otherwise', () => {
    const data = twoDatasets()
    assert.equal(data.get('value'), 5)
    data.set('value', 6)
    assert.equal(data.dataset('put').get('value'), 6)
    data.setDefault('square')
    assert.deepEqual([data.get('value'), data.defaultIndex], [25, 1])
    data.delete('value')
    assert.deepEqual([data.has('value'), data.get('value', 0), data.keys()], [false, 0, ['deep']])
  })

  it('finds datasets by task, by slot and by index', () => {
    const data = twoDatasets()
    assert.equal(data.dataset('first'), data.dataset(0))
    assert.equal(data.dataset('put'), data.dataset(0))
    assert.equal(data.dataset('square'), data.dataset(1))
    assert.equal(data.dataset(), data.dataset(0))
    assert.deepEqual(
      Array.from(data, dataset => dataset.get('value')),
      [5, 25],
    )
  })

  it('refuses aliases and indexes that are not there, and says which are', () => {
    const data = twoDatasets()
    assert.throws(() => data.dataset('sqare'), { code: 'LF_DATA_ALIAS', hint: /"square"/ })
    assert.throws(() => data.dataset(2), { code: 'LF_DATA_INDEX', hint: /2, counted from 0/ })
    assert.throws(() => data.setDefault(-1), { code: 'LF_DATA_INDEX' })
    assert.throws(() => data.addAlias('x', 2), { code: 'LF_DATA_INDEX' })
    assert.throws(() => data.addAlias('', 0), { code: 'LF_DATA_ALIAS' })
    assert.equal(data.get('value'), 5)
  })

  it('moves an alias that is given again', () => {
    const data = twoDatasets()
    data.addAlias('first', 1)
    assert.equal(data.dataset('first').get('value'), 25)
  })

  it('flattens to one dataset in which the default one wins', () => {
    const data = twoDatasets()
    data.flatten()
    assert.deepEqual([data.size, data.dataset().data], [1, { value: 5, deep: { from: 'put', put: 1, square: 1 } }])
    const other = twoDatasets()
    other.setDefault(1)
    other.flatten()
    assert.deepEqual([other.get('value'), other.defaultIndex], [25, 0])
  })

  it('lets later ones win among those that are not the default', () => {
    const data = new MultiTaskData()
    for (const [name, value] of Object.entries({ a: 1, b: 2, c: 3 })) {
      data.addDataset(name, new TaskData({ [name === 'a' ? 'own' : 'shared']: value }))
    }
    data.flatten()
    assert.deepEqual(data.dataset().data, { shared: 3, own: 1 })
  })

  it('keeps all aliases, pointing at the one dataset', () => {
    const data = twoDatasets().flatten()
    assert.deepEqual(Object.fromEntries(data.aliases), { put: 0, first: 0, square: 0 })
  })

  it('flattens into another object on demand', () => {
    const data = twoDatasets()
    const flat = data.flatten({ inPlace: false })
    assert.deepEqual([data.size, flat.size, flat.dataset('square').get('value')], [2, 1, 5])
  })

  it('makes one empty dataset of none', () => {
    const data = new MultiTaskData().flatten()
    assert.deepEqual([data.size, data.dataset().data], [1, {}])
  })

  it('can be filled by an author from nothing', () => {
    const data = new MultiTaskData()
    assert.deepEqual([data.has('x'), data.get('x', 1), data.keys(), data.taskHistory], [false, 1, [], []])
    assert.throws(() => data.dataset(), { code: 'LF_DATA_INDEX' })
    data.set('x', 2)
    assert.equal(data.dataset(0).get('x'), 2)
  })

  it('adds to the history of all datasets', () => {
    const data = twoDatasets()
    data.addTaskHistory('join')
    assert.deepEqual(
      Array.from(data, dataset => dataset.taskHistory),
      [
        ['put', 'join'],
        ['put', 'square', 'join'],
      ],
    )
  })

  it('copies deeply', () => {
    const data = twoDatasets()
    data.setDefault('square')
    const copy = data.copy()
    copy.set('value', 0)
    assert.deepEqual([data.get('value'), copy.dataset('square').get('value'), copy.defaultIndex], [25, 0, 1])
  })
})
