import assert from 'node:assert/strict'
import { Refusals } from '../../src/supervisor/refusals.ts'

describe('refusals', () => {
  const listed = [{ id: 'x' }, { id: 'y' }]

  it('name the moment of the first that was not admitted, not of one that was', () => {
    const refusals = new Refusals(10, 100)
    refusals.note('x', 0, 0)
    refusals.note('y', 5, 0)
    assert.equal(refusals.nextMs, 10)
    assert.deepEqual(refusals.admit(listed, 12), [{ id: 'x' }])
    assert.equal(refusals.nextMs, 15)
    assert.deepEqual(refusals.admit(listed, 15), listed)
    assert.equal(refusals.nextMs, Number.POSITIVE_INFINITY)
  })
})
