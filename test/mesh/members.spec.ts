import assert from 'node:assert/strict'
import { Members } from '../../src/mesh/members.ts'
import { UNKNOWN_PEER_EVERY_MS } from '../../src/mesh/mesh-limits.ts'
import { ManualClock } from '../support/manual-clock.ts'

describe('members', () => {
  it('tells who left, and never counts itself', () => {
    const { members } = setUp()
    assert.deepEqual(members.set([member('self'), member('anna'), member('bert')]), [])
    assert.deepEqual(
      members.all().map(({ peer }) => peer),
      ['anna', 'bert'],
    )
    assert.deepEqual(members.set([member('bert')]), ['anna'])
  })

  it('admits members only, and asks for a newer list when another comes', () => {
    const { members, unknown } = setUp()
    members.set([member('anna')])
    assert.equal(members.admits('anna'), true)
    assert.equal(members.admits('eve'), false)
    assert.equal(members.admits('self'), false)
    assert.deepEqual(unknown, ['eve'])
  })

  it('asks seldom, however many strangers come', async () => {
    const { members, unknown, clock } = setUp()
    for (const peer of ['one', 'two', 'three']) members.admits(peer)
    assert.deepEqual(unknown, ['one'])
    await clock.advance(UNKNOWN_PEER_EVERY_MS)
    members.admits('four')
    assert.deepEqual(unknown, ['one', 'four'])
  })
})

function member(peer: string) {
  return { peer, session: `session of ${peer}`, addrs: [] }
}

function setUp() {
  const clock = new ManualClock()
  const unknown: string[] = []
  return { clock, unknown, members: new Members({ self: 'self', clock, onUnknown: peer => unknown.push(peer) }) }
}
