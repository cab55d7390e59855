import assert from 'node:assert/strict'
import { formatAge, formatDuration, formatMoment } from '../../../cli/render/duration.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

describe('durations', () => {
  it('read in the unit that fits', () => {
    const cases: [number, string][] = [
      [0, '0 ms'],
      [-5, '0 ms'],
      [12.4, '12 ms'],
      [99.7, '0.1 s'],
      [340, '0.3 s'],
      [9.96 * SECOND, '10 s'],
      [59.7 * SECOND, '1m 00s'],
      [65 * SECOND, '1m 05s'],
      [59 * MINUTE + 59.6 * SECOND, '1h 00m'],
      [2 * HOUR + 7 * MINUTE, '2h 07m'],
      [23 * HOUR + 59.6 * MINUTE, '1d 00h'],
      [4 * DAY + 3 * HOUR, '4d 03h'],
    ]
    for (const [ms, text] of cases) assert.equal(formatDuration(ms), text)
  })

  it('of beats have no fractions', () => {
    assert.equal(formatAge(400), '0 s')
    assert.equal(formatAge(9_999), '9 s')
    assert.equal(formatAge(85_900), '1m 25s')
  })

  it('tell moments of today by time and older ones with their date', () => {
    const now = Date.parse('2026-03-14T20:15:00Z')
    assert.equal(formatMoment('2026-03-14T12:04:31Z', now, 'UTC'), '12:04:31')
    assert.equal(formatMoment('2026-03-11T12:04:31Z', now, 'UTC'), '2026-03-11 12:04')
    assert.equal(formatMoment('not a time', now), 'not a time')
  })
})
