import assert from 'node:assert/strict'
import { FOREIGN_AFTER_MS, FOREIGN_FOR_MS, ForeignPeers } from '../../../src/mesh/libp2p/foreign-peers.ts'
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

  it('are not those that were members before', () => {
    const foreign = new ForeignPeers()
    foreign.wereMembers(['eve'])
    foreign.seen(eve, 0)
    assert.deepEqual(foreign.settled(FOREIGN_AFTER_MS, notMember), [])
    assert.equal(foreign.count(FOREIGN_AFTER_MS), 0)
  })

  it('are counted once they were told, for as long as they are seen', () => {
    const foreign = new ForeignPeers()
    foreign.seen(eve, 0)
    assert.equal(foreign.count(0), 0)
    foreign.settled(FOREIGN_AFTER_MS, notMember)
    foreign.seen(eve, 10_000)
    assert.equal(foreign.count(10_000 + FOREIGN_FOR_MS - 1), 1)
    assert.equal(foreign.count(10_000 + FOREIGN_FOR_MS), 0)
  })

  it('are remembered up to a limit', () => {
    const foreign = new ForeignPeers()
    for (let index = 0; index <= MAX_FOREIGN_PEERS; index++) foreign.seen({ peer: `peer ${index}`, addrs: [] }, 0)
    assert.equal(foreign.settled(FOREIGN_AFTER_MS, notMember).length, MAX_FOREIGN_PEERS)
  })
})
