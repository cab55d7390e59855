import assert from 'node:assert/strict'
import { Members } from '../../src/mesh/members.ts'
import { DOOR_WAIT_MS, UNKNOWN_PEER_EVERY_MS } from '../../src/mesh/mesh-limits.ts'
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
    await clock.advance(10 * UNKNOWN_PEER_EVERY_MS)
    assert.deepEqual(unknown, ['one', 'two'])
    members.admits('four')
    assert.deepEqual(unknown, ['one', 'two', 'four'])
  })

  it('asks once more for those who come while it may not ask, and no more once it is closed', async () => {
    const { members, unknown, clock } = setUp()
    members.admits('one')
    await clock.advance(UNKNOWN_PEER_EVERY_MS / 2)
    members.admits('two')
    await clock.advance(UNKNOWN_PEER_EVERY_MS / 2)
    assert.deepEqual(unknown, ['one', 'two'])
    members.admits('three')
    members.close()
    assert.equal(clock.pending, 0)
    await clock.advance(UNKNOWN_PEER_EVERY_MS)
    assert.deepEqual(unknown, ['one', 'two'])
  })

  it('keeps a peer at the door until the list names it', async () => {
    const { members, clock } = setUp()
    const admitted = members.admitsInTime('anna')
    members.set([member('bert')])
    members.set([member('bert'), member('anna')])
    assert.equal(await admitted, true)
    assert.equal(clock.pending, 0)
  })

  it('turns away at the door who is not named in time, and everybody once it is closed', async () => {
    const { members, clock } = setUp()
    const late = members.admitsInTime('eve')
    await clock.advance(DOOR_WAIT_MS)
    assert.equal(await late, false)
    const waiting = members.admitsInTime('eve')
    members.close()
    assert.deepEqual([await waiting, await members.admitsInTime('eve')], [false, false])
    assert.equal(clock.pending, 0)
  })
})

function member(peer: string) {
  return { peer, session: `session of ${peer}`, since: 0, addrs: [] }
}

function setUp() {
  const clock = new ManualClock()
  const unknown: string[] = []
  return { clock, unknown, members: new Members({ self: 'self', clock, onUnknown: peer => unknown.push(peer) }) }
}
