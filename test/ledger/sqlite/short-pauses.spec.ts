import assert from 'node:assert/strict'
import { withShortPauses } from '../../../src/ledger/sqlite/short-pauses.ts'
import { ManualClock } from '../../support/manual-clock.ts'

describe("pauses of the ledger's thread", () => {
  it('end by themselves when they are short, without a timer', async () => {
    const clock = new ManualClock()
    await withShortPauses(clock).sleep(0.25)
    assert.equal(clock.pending, 0)
  })

  it('are left to timers when they are long', async () => {
    const clock = new ManualClock()
    let isOver = false
    const sleeping = withShortPauses(clock)
      .sleep(5)
      .then(() => void (isOver = true))
    await clock.advance(4)
    assert.equal(isOver, false)
    await clock.advance(2)
    await sleeping
  })
})
