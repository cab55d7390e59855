import assert from 'node:assert/strict'
import type { Hint } from '../../protocols/hints.ts'
import { seededRandom } from '../../src/core/random.ts'
import { MAX_PASSED_ON } from '../../src/lease/decide-passing.ts'
import type { SessionRecord } from '../../src/lease/records.ts'
import { Capacity } from '../../src/supervisor/capacity.ts'
import { LoadBoard } from '../../src/supervisor/load-board.ts'
import { PassingOn } from '../../src/supervisor/passing-on.ts'
import { LOCAL_TIMING } from '../../src/supervisor/timing.ts'
import { ManualClock } from '../support/manual-clock.ts'

describe('what a completion may claim for others', () => {
  it('is offered to those who serve what this peer does not, have places, and are connected', () => {
    const { passing, connected } = setUp([
      peer('other', { queues: ['task', 'other'] }),
      peer('same', { queues: ['task'] }),
      peer('full', { queues: ['other'], busy: 2 }),
      peer('needy', { queues: ['task', 'task:gpu=1'] }),
      peer('far', { queues: ['other'] }),
    ])
    for (const name of ['other', 'same', 'full', 'needy']) connected.add(name)
    const offer = passing.offer()
    assert.deepEqual(offer?.to, [{ session: 'other', places: 2 }])
    assert.equal(new Set(offer?.claimIds).size, 2)
  })

  it('is nothing where nobody could have it, or where the ledger does not do that', () => {
    assert.equal(setUp([peer('same', { queues: ['task'] })]).passing.offer(), undefined)
    const able = [peer('other', { queues: ['other'] })]
    assert.equal(setUp(able).passing.offer(), undefined, 'it is not connected')
    assert.ok(setUp(able, { isConnected: true }).passing.offer())
    assert.equal(setUp(able, { isConnected: true, passesOn: false }).passing.offer(), undefined)
  })

  it('is nothing for a peer that was silent for more than two beats: it may be frozen', async () => {
    const { passing, clock } = setUp([peer('other', { queues: ['other'] })], { isConnected: true })
    const { beatMs, quietFactor } = LOCAL_TIMING
    await clock.advance(2 * quietFactor * beatMs)
    assert.ok(passing.offer())
    await clock.advance(1)
    assert.equal(passing.offer(), undefined)
  })

  it('is never more than a completion passes on', () => {
    const { passing } = setUp([peer('wide', { queues: ['other'], capacity: 100 })], { isConnected: true })
    assert.equal(passing.offer()?.claimIds.length, MAX_PASSED_ON)
  })

  it('is told to each peer once, with how busy this one is', () => {
    const { passing, told } = setUp([])
    const claim = { task: 't', epoch: 1, claimId: 'c' }
    passing.tell(['one', 'one', 'two'].map(name => ({ claim, session: name, peer: `peer of ${name}` })))
    const load = { kind: 'load', busy: 1, capacity: 3, draining: false }
    assert.deepEqual(told, [
      ['peer of one', [{ kind: 'passed', session: 'one', claims: [claim, claim] }, load]],
      ['peer of two', [{ kind: 'passed', session: 'two', claims: [claim] }, load]],
    ])
  })

  it('is described where that was worded, each in a hint of its own', () => {
    const { passing, told } = setUp([])
    const claim = (task: string) => ({ task, epoch: 1, claimId: 'c' })
    const word = { beat: 1, row: new Uint8Array([1]) }
    const to = { session: 'one', peer: 'peer of one' }
    passing.tell([
      { claim: claim('x'), ...to },
      { claim: claim('y'), ...to, word },
      { claim: claim('z'), ...to },
    ])
    const [[, hints] = assert.fail()] = told
    assert.deepEqual(hints?.slice(0, -1), [
      { kind: 'passed', session: 'one', claims: [claim('y')], word },
      { kind: 'passed', session: 'one', claims: [claim('x'), claim('z')] },
    ])
  })

  it('may come back to a peer that serves what others do not, also when these have gone', () => {
    const { passing, board } = setUp([peer('same', { queues: ['task'] })])
    assert.equal(passing.mayReceive(), false)
    board.update([peer('me', { queues: ['task'] }), peer('other', { queues: ['other'] })], 0)
    assert.equal(passing.mayReceive(), true)
    board.update([peer('me', { queues: ['task'] })], 0)
    assert.equal(passing.mayReceive(), true)
    assert.equal(setUp([peer('other', { queues: ['other'] })], { passesOn: false }).passing.mayReceive(), false)
  })
})

function peer(name: string, more: Partial<SessionRecord>): SessionRecord {
  const given = { id: name, peer: name, host: 'h', capacity: 2, busy: 0, state: 'alive', kind: 'node', beat: 1 }
  return { ...given, ...more } as SessionRecord
}

function setUp(others: readonly SessionRecord[], { isConnected = false, passesOn = true } = {}) {
  const clock = new ManualClock()
  const board = new LoadBoard()
  board.update([peer('me', { queues: ['task'] }), ...others], clock.monotonicMs())
  const connected = new Set(isConnected ? others.map(one => one.peer) : [])
  const told: [string, readonly Hint[]][] = []
  const capacity = new Capacity(3)
  capacity.take(1)
  const passing = new PassingOn({
    traits: { passesOn },
    mesh: { connected: () => [...connected], tell: (to, hints) => void told.push([to, hints]) },
    clock,
    random: seededRandom(1),
    timing: LOCAL_TIMING,
    board,
    capacity,
    queues: ['task'],
    session: () => 'me',
    isDraining: () => false,
  })
  return { passing, board, clock, connected, told }
}
