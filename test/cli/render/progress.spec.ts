import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { busyBar, countsLine, endedOf, progressBar, totalOf } from '../../../cli/render/progress.ts'
import { surface } from '../support/snapshot.ts'

const on = surface(80)

describe('a progress bar', () => {
  it('is full only when everything has ended', () => {
    assert.equal(progressBar({ done: 4 }, 4, on), '━━━━')
    assert.equal(progressBar({ done: 999, ready: 1 }, 4, on), '━━━─')
    assert.equal(progressBar({ done: 3, claimed: 1 }, 4, on), '━━━╍')
    assert.equal(progressBar({}, 4, on), '────')
  })

  it('never takes what is lost for done, also without colours', () => {
    assert.equal(progressBar({ done: 1, lost: 1, blocked: 2 }, 4, on), '━╍──')
  })

  it('shows a single failure among thousands', () => {
    const painted = progressBar({ done: 10, failed: 1, ready: 5000 }, 10, {
      ...on,
      palette: { ...on.palette, red: text => text.replaceAll('━', 'F') },
    })
    assert.match(painted, /F/)
  })

  it('always has the width that was asked for', () => {
    const counts = fc.record({
      done: fc.nat(50),
      failed: fc.nat(3),
      claimed: fc.nat(9),
      ready: fc.nat(50),
      stopped: fc.nat(3),
    })
    fc.assert(
      fc.property(
        counts,
        fc.integer({ min: 1, max: 60 }),
        (given, width) => progressBar(given, width, on).length === width,
      ),
    )
  })
})

describe('counts', () => {
  it('name only what is there', () => {
    assert.equal(countsLine({ done: 2, failed: 0, claimed: 1 }, on), '2 done · 1 running')
  })

  it('take lost tasks as not ended: somebody has to decide', () => {
    assert.equal(endedOf({ done: 1, lost: 1, ready: 1 }), 1)
    assert.equal(totalOf({ done: 1, lost: 1, ready: 1 }), 3)
  })
})

describe('a busy bar', () => {
  it('shows that something runs, however large the capacity', () => {
    assert.equal(busyBar(1, 64, 5, on), '▰▱▱▱▱')
    assert.equal(busyBar(0, 64, 5, on), '▱▱▱▱▱')
    assert.equal(busyBar(2, 0, 5, on), '▰▱▱▱▱')
    assert.equal(busyBar(9, 4, 5, on), '▰▰▰▰▰')
  })
})
