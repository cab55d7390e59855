import assert from 'node:assert/strict'
import { NdArray } from '../../protocols/nd-array.ts'
import { copyData } from '../../src/workflow/copy-data.ts'

describe('copyData', () => {
  it('keeps arrays of several dimensions what they are, wherever they stand', () => {
    const array = new NdArray(new Float64Array([1, 2]), [1, 2])
    const value = { a: array, b: [array], c: new Map([['k', array]]), d: new Set([array]), e: { f: { g: array } } }
    const copy = copyData(value)
    const all = [copy.a, copy.b[0], copy.c.get('k'), Array.from(copy.d)[0], copy.e.f.g] as NdArray[]
    array.set(9, 0, 0)
    for (const one of all) {
      assert.ok(one instanceof NdArray && one !== array)
      assert.deepEqual([one.shape, one.at(0, 0)], [[1, 2], 1])
    }
  })

  it('copies the rest as the platform does, rings too', () => {
    const ring: Record<string, unknown> = { date: new Date(5), list: [1, { x: 'y' }], nothing: null }
    ring['self'] = ring
    const copy = copyData(ring)
    assert.notEqual(copy, ring)
    assert.equal(copy['self'], copy)
    assert.deepEqual(copy['list'], ring['list'])
    assert.throws(() => copyData({ f: () => 1 }), { name: 'DataCloneError' })
  })
})
