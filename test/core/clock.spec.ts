import assert from 'node:assert/strict'
import { systemClock } from '../../src/core/clock.ts'
import { eventually } from '../support/eventually.ts'

describe('the system clock', () => {
  it('never runs backwards', () => {
    const first = systemClock.monotonicMs()
    assert.ok(systemClock.monotonicMs() >= first)
  })

  it('calls a timer once, and a cancelled one never', async () => {
    const called: string[] = []
    systemClock.timer(0, () => called.push('cancelled')).cancel()
    systemClock.timer(1, () => called.push('once'))
    await eventually(() => called.length > 0)
    await systemClock.sleep(5)
    assert.deepEqual(called, ['once'])
  })

  it('never rings early, not even by a part of a millisecond', async () => {
    const early = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        await systemClock.sleep(index / 10)
        const dueMs = systemClock.monotonicMs() + 5.9
        await systemClock.sleep(5.9)
        return systemClock.monotonicMs() < dueMs
      }),
    )
    assert.equal(early.filter(Boolean).length, 0)
  })

  it('does not ring at once for waits longer than the system knows', async () => {
    let isCalled = false
    const timer = systemClock.timer(2 ** 40, () => (isCalled = true))
    await systemClock.sleep(5)
    timer.cancel()
    assert.equal(isCalled, false)
  })

  it('sleeps until it is woken, and not at all when it was before', async () => {
    const waking = new AbortController()
    const asleep = systemClock.sleep(600_000, waking.signal)
    waking.abort()
    await asleep
    await systemClock.sleep(600_000, waking.signal)
  })
})
