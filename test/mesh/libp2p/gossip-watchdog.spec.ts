import assert from 'node:assert/strict'
import { GossipWatchdog } from '../../../src/mesh/libp2p/gossip-watchdog.ts'

const useful = () => true
const notUseful = () => false

describe('gossip watchdog', () => {
  it('cuts a connection that stays useless, not one that needs a moment', () => {
    const watchdog = newWatchdog()
    assert.deepEqual(watchdog.check(0, new Set(['anna', 'bert']), notUseful), [])
    assert.deepEqual(
      watchdog.check(4000, new Set(['anna']), peer => peer === 'bert'),
      [],
    )
    assert.deepEqual(watchdog.check(5000, new Set(['anna', 'bert']), notUseful), ['anna'])
  })

  it('cuts ever more seldom when that does not help, up to a limit', () => {
    const watchdog = newWatchdog()
    const cuts: number[] = []
    for (let seconds = 0; seconds < 120; seconds++) {
      if (watchdog.check(seconds * 1000, new Set(['anna']), notUseful).length > 0) cuts.push(seconds)
    }
    assert.deepEqual(cuts, [5, 15, 35, 55, 75, 95, 115])
  })

  it('is patient again after the peer was useful', () => {
    const watchdog = newWatchdog()
    for (const atMs of [0, 5000, 15_000]) watchdog.check(atMs, new Set(['anna']), notUseful)
    watchdog.check(20_000, new Set(), useful)
    watchdog.check(21_000, new Set(['anna']), notUseful)
    assert.deepEqual(watchdog.check(26_000, new Set(['anna']), notUseful), ['anna'])
  })

  it('does not count time that is forgiven', () => {
    const watchdog = newWatchdog()
    watchdog.check(0, new Set(['anna']), notUseful)
    watchdog.forgive(4000)
    assert.deepEqual(watchdog.check(8000, new Set(['anna']), notUseful), [])
    assert.deepEqual(watchdog.check(9000, new Set(['anna']), notUseful), ['anna'])
  })

  it('does not count the time without a connection', () => {
    const watchdog = newWatchdog()
    watchdog.check(0, new Set(['anna']), notUseful)
    watchdog.check(4000, new Set(), notUseful)
    watchdog.check(60_000, new Set(), notUseful)
    assert.deepEqual(watchdog.check(61_000, new Set(['anna']), notUseful), [])
  })
})

function newWatchdog(): GossipWatchdog {
  return new GossipWatchdog({ patienceMs: 5000, maxPatienceMs: 20_000 })
}
