import assert from 'node:assert/strict'
import { Capacity } from '../../src/supervisor/capacity.ts'
import { settle } from '../support/manual-clock.ts'

describe('capacity', () => {
  it('counts places down and up', () => {
    const capacity = new Capacity(3)
    capacity.take(2)
    assert.equal(capacity.free, 1)
    capacity.give(1)
    assert.equal(capacity.free, 2)
  })

  it('gives a place that becomes free to a task that resumes, before new claims see it', async () => {
    const capacity = new Capacity(1)
    capacity.take(1)
    let resumed = false
    const waiting = capacity.resume().then(() => (resumed = true))
    await settle()
    assert.equal(resumed, false)
    capacity.give(1)
    await waiting
    assert.equal(capacity.free, 0)
    assert.equal(capacity.taken, 1)
  })

  it('resumes in the order of asking', async () => {
    const capacity = new Capacity(1)
    capacity.take(1)
    const order: number[] = []
    const first = capacity.resume().then(() => order.push(1))
    const second = capacity.resume().then(() => order.push(2))
    capacity.give(1)
    await first
    capacity.give(1)
    await second
    assert.deepEqual(order, [1, 2])
  })
})
