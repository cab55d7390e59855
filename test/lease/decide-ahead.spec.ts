import assert from 'node:assert/strict'
import { claimsAhead, MAX_CLAIMS_AHEAD } from '../../src/lease/decide-ahead.ts'

describe('claims ahead of places', () => {
  it('are none while it is not known how long the tasks take', () => {
    assert.equal(claimsAhead(undefined, 2), 0)
  })

  it('are a moment of work for each place', () => {
    assert.equal(claimsAhead(5, 1), 6)
    assert.equal(claimsAhead(5, 3), 18)
  })

  it('are none when each task takes longer than that', () => {
    assert.equal(claimsAhead(1000, 8), 0)
    assert.equal(claimsAhead(16, 8), 0)
  })

  it('have a limit, however short the tasks are and however many places there are', () => {
    assert.equal(claimsAhead(0, 1), MAX_CLAIMS_AHEAD)
    assert.equal(claimsAhead(1, 1000), MAX_CLAIMS_AHEAD)
  })
})
