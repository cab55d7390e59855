import assert from 'node:assert/strict'
import { FOREIGN_AFTER_MS, ForeignPeers } from '../../../src/mesh/libp2p/foreign-peers.ts'
import { MAX_FOREIGN_PEERS } from '../../../src/mesh/mesh-limits.ts'

const eve = { peer: 'eve', addrs: ['/ip4/192.0.2.1/tcp/1'] }
const notMember = () => false

describe('foreign peers', () => {
  it('are told once, when they have had the time to become members', () => {
    const foreign = new ForeignPeers()
    assert.equal(foreign.seen(eve, 0), true)
    assert.equal(foreign.seen(eve, 1000), false)
    assert.deepEqual(foreign.settled(FOREIGN_AFTER_MS - 1, notMember), [])
    assert.deepEqual(foreign.settled(FOREIGN_AFTER_MS, notMember), [eve])
    foreign.seen(eve, 60_000)
    assert.deepEqual(foreign.settled(90_000, notMember), [])
  })

  it('are not told when they are members by then', () => {
    const foreign = new ForeignPeers()
    foreign.seen(eve, 0)
    assert.deepEqual(
      foreign.settled(FOREIGN_AFTER_MS, () => true),
      [],
    )
  })

  it('are remembered up to a limit', () => {
    const foreign = new ForeignPeers()
    for (let index = 0; index <= MAX_FOREIGN_PEERS; index++) foreign.seen({ peer: `peer ${index}`, addrs: [] }, 0)
    assert.equal(foreign.settled(FOREIGN_AFTER_MS, notMember).length, MAX_FOREIGN_PEERS)
  })
})
