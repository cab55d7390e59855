import assert from 'node:assert/strict'
import { UsualDurations } from '../../src/supervisor/usual-durations.ts'

describe('usual durations', () => {
  const seen = (...durations: number[]): number | undefined => {
    const usual = new UsualDurations()
    for (const ms of durations) usual.note('kind', ms)
    return usual.of('kind')
  }
  const times = (count: number, ms: number): number[] => Array.from({ length: count }, () => ms)

  it('are not known of kinds that were seen a few times only', () => {
    assert.equal(seen(), undefined)
    assert.equal(seen(...times(7, 1)), undefined)
    assert.equal(seen(...times(8, 1)), 1)
  })

  it('are those of half of them, not of a rare long one', () => {
    assert.equal(seen(...times(14, 1), 5000, 5000), 1)
    assert.equal(seen(...times(7, 1), ...times(9, 5000)), 5000)
  })

  it('are those of lately', () => {
    assert.equal(seen(...times(100, 5000), ...times(16, 1)), 1)
  })

  it('are kept of so many kinds, those seen last', () => {
    const usual = new UsualDurations()
    for (const ms of times(8, 1)) usual.note('old', ms)
    for (let kind = 0; kind < 100; kind++) usual.note(`kind ${kind}`, 1)
    assert.equal(usual.of('old'), undefined)
  })
})
