import assert from 'node:assert/strict'
import { ClaimPace, MAX_PACE_MS } from '../../src/supervisor/claim-pace.ts'

describe('ClaimPace', () => {
  it('keeps the least wait while the ledger answers at once', () => {
    const pace = new ClaimPace(8)
    assert.equal(pace.rankDelayMs(0), 8)
    pace.note(2, 0)
    assert.equal(pace.rankDelayMs(1), 8)
  })

  it('waits for longer than the slowest of the last answers took', () => {
    const pace = new ClaimPace(8)
    for (const [index, tookMs] of [5, 60, 20].entries()) pace.note(tookMs, index)
    const delayMs = pace.rankDelayMs(10)
    assert.ok(delayMs > 60 && delayMs < 120, `${delayMs} ms`)
  })

  it('forgets slow answers, the quick ones that came after them last', () => {
    const pace = new ClaimPace(8)
    pace.note(60, 0)
    pace.note(20, 4000)
    assert.ok(pace.rankDelayMs(4999) > 60)
    const laterMs = pace.rankDelayMs(5001)
    assert.ok(laterMs > 20 && laterMs < 60, `${laterMs} ms`)
    assert.equal(pace.rankDelayMs(20_000), 8)
  })

  it('waits no longer than a limit, however slow the ledger', () => {
    const pace = new ClaimPace(8)
    pace.note(60_000, 0)
    assert.equal(pace.rankDelayMs(1), MAX_PACE_MS)
  })
})
