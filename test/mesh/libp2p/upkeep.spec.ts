import assert from 'node:assert/strict'
import { silentLog } from '../../../src/core/log.ts'
import { Upkeep, type UpkeepOptions } from '../../../src/mesh/libp2p/upkeep.ts'
import { ManualClock } from '../../support/manual-clock.ts'

describe('upkeep of the connections', () => {
  it('cuts one that is open and useless, after a while', async () => {
    const { clock, upkeep, cut } = setUp()
    upkeep.start()
    for (let seconds = 0; seconds < 5; seconds++) await clock.advance(1000)
    assert.deepEqual(cut, [])
    for (let seconds = 0; seconds < 2; seconds++) await clock.advance(1000)
    assert.deepEqual(cut, ['anna'])
    upkeep.stop()
    assert.equal(clock.pending, 0)
  })

  it('cuts none while this process itself is slow', async () => {
    const slow = new SlowClock()
    const { upkeep, cut } = setUp(slow)
    upkeep.start()
    slow.lateMs = 800
    for (let seconds = 0; seconds < 60; seconds++) await slow.advance(1000)
    assert.deepEqual(cut, [])
    slow.lateMs = 0
    for (let seconds = 0; seconds < 8; seconds++) await slow.advance(1000)
    assert.deepEqual(cut, ['anna'])
    upkeep.stop()
  })

  it('has missing members looked for that are out of reach, unless nobody is there to ask', async () => {
    const { clock, upkeep, searched, connected } = setUp()
    upkeep.start()
    await clock.advance(1000)
    assert.deepEqual(searched, [])
    connected.push('bert')
    await clock.advance(1000)
    assert.deepEqual(searched, [['anna', 'carl']])
    upkeep.stop()
  })
})

/** Its timers run this much later than they were asked to. */
class SlowClock extends ManualClock {
  lateMs = 0

  override timer(delayMs: number, run: () => void) {
    return super.timer(delayMs + this.lateMs, run)
  }
}

function setUp(clock = new ManualClock()) {
  const cut: string[] = []
  const searched: string[][] = []
  const connected: string[] = []
  const options: UpkeepOptions = {
    clock,
    log: silentLog,
    watchdog: { patienceMs: 5000, maxPatienceMs: 60_000 },
    links: {
      open: () => new Set(['anna', ...connected]),
      has: peer => connected.includes(peer),
      peers: () => connected,
      speaksGossip: () => false,
      cut: peer => void cut.push(peer),
    },
    channel: undefined,
    finder: { tick: (_, missing) => void searched.push([...missing]), stop: () => {} },
    isMember: () => true,
    members: () => ['anna', 'bert', 'carl', 'dora'],
    isOutOfReach: peer => peer !== 'dora',
    beat: () => {},
    onForeign: () => {},
  }
  return { clock, cut, searched, connected, upkeep: new Upkeep(options) }
}
