import assert from 'node:assert/strict'
import { encodeHints } from '../../protocols/hint-codec.ts'
import type { Hint } from '../../protocols/hints.ts'
import { MAX_HINT_MESSAGE_BYTES } from '../../protocols/limits.ts'
import { HintInbox } from '../../src/mesh/hint-inbox.ts'
import { Members } from '../../src/mesh/members.ts'
import {
  HINT_REPLAY_WINDOW,
  MAX_DIRECT_MESSAGES_IN_A_BURST,
  MAX_HINT_MESSAGES_IN_A_BURST,
  MAX_HINT_MESSAGES_PER_SECOND,
} from '../../src/mesh/mesh-limits.ts'
import type { ReceivedHint } from '../../src/mesh/mesh.ts'
import { ManualClock } from '../support/manual-clock.ts'

describe('hint inbox', () => {
  it('delivers the hints of a member, with their author', () => {
    const { inbox, hints } = setUp()
    assert.equal(inbox.take('anna', message()), 'delivered')
    assert.deepEqual(hints, [{ hint, from: 'anna', session: 'session of anna' }])
    assert.equal(inbox.received, 1)
  })

  it('drops the hints of a stranger, and asks for a newer list of members', () => {
    const { inbox, hints, unknown } = setUp()
    assert.equal(inbox.take('eve', message({ session: 'session of eve' })), 'dropped')
    assert.deepEqual([hints, unknown, inbox.refused], [[], ['eve'], 1])
  })

  it('drops hints that a member signed for the session of another', () => {
    const { inbox, hints, unknown } = setUp()
    assert.equal(inbox.take('anna', message({ session: 'session of bert' })), 'dropped')
    assert.deepEqual([hints, unknown], [[], ['anna']])
  })

  it('refuses as garbage what no honest peer of this mesh could send', () => {
    const { inbox, hints } = setUp()
    assert.equal(inbox.take('anna', message({ ledger: 'another' })), 'garbage')
    assert.equal(inbox.take('anna', Uint8Array.of(1, 2, 3)), 'garbage')
    assert.equal(inbox.take('anna', new Uint8Array(MAX_HINT_MESSAGE_BYTES + 1)), 'garbage')
    assert.deepEqual([hints, inbox.refused], [[], 3])
  })

  it('takes each message once, in any order', () => {
    const { inbox, hints } = setUp()
    const verdicts = [3, 1, 3, 2, 1].map(seq => inbox.take('anna', message({ seq })))
    assert.deepEqual(verdicts, ['delivered', 'delivered', 'dropped', 'delivered', 'dropped'])
    assert.equal(hints.length, 3)
  })

  it('takes no message from before the window, as a replay of an hour ago is', () => {
    const { inbox } = setUp()
    inbox.take('anna', message({ seq: HINT_REPLAY_WINDOW + 5 }))
    assert.equal(inbox.take('anna', message({ seq: 5 })), 'dropped')
    assert.equal(inbox.take('anna', message({ seq: 6 })), 'delivered')
  })

  it('takes no older word about the load for a newer one, by whatever way it comes', () => {
    const { inbox, hints } = setUp()
    const load = (busy: number): Hint => ({ kind: 'load', busy, capacity: 9, draining: false })
    assert.equal(inbox.take('anna', message({ seq: 1 }, [load(1)])), 'delivered')
    assert.equal(inbox.takeDirect('anna', message({ seq: 4 }, [load(4)])), 'delivered')
    assert.equal(inbox.take('anna', message({ seq: 3 }, [load(3), hint])), 'delivered')
    assert.equal(inbox.take('anna', message({ seq: 5 }, [load(5)])), 'delivered')
    assert.deepEqual(
      hints.map(received => received.hint),
      [load(1), load(4), hint, load(5)],
    )
  })

  it('takes what is for this peer alone beside what is for all, at a rate of its own', () => {
    const { inbox } = setUp()
    let seq = 0
    const take = (way: 'take' | 'takeDirect') => inbox[way]('anna', message({ seq: (seq += 1) }))
    for (let count = 0; count < MAX_HINT_MESSAGES_IN_A_BURST; count++) assert.equal(take('take'), 'delivered')
    assert.equal(take('take'), 'dropped')
    for (let count = 0; count < MAX_DIRECT_MESSAGES_IN_A_BURST; count++) assert.equal(take('takeDirect'), 'delivered')
    assert.equal(take('takeDirect'), 'dropped')
  })

  it('counts anew for a new session of the same peer', () => {
    const { inbox, members } = setUp()
    inbox.take('anna', message({ seq: 9 }))
    members.set([{ peer: 'anna', session: 'second', since: 0, addrs: [] }])
    assert.equal(inbox.take('anna', message({ session: 'second', seq: 9 })), 'delivered')
    assert.equal(inbox.take('anna', message({ seq: 10 })), 'dropped')
  })

  it('takes a burst and then a steady rate from each peer', async () => {
    const { inbox, clock } = setUp()
    let seq = 0
    const take = (peer: string) => inbox.take(peer, message({ session: `session of ${peer}`, seq: seq++ }))
    for (let count = 0; count < MAX_HINT_MESSAGES_IN_A_BURST; count++) assert.equal(take('anna'), 'delivered')
    assert.equal(take('anna'), 'dropped')
    assert.equal(take('bert'), 'delivered')
    await clock.advance(1000)
    const later = Array.from({ length: MAX_HINT_MESSAGES_PER_SECOND + 10 }, () => take('anna'))
    assert.equal(later.filter(verdict => verdict === 'delivered').length, MAX_HINT_MESSAGES_PER_SECOND)
  })
})

const hint: Hint = { kind: 'stopping', run: 'run' }

function message(
  { ledger = 'incarnation', session = 'session of anna', seq = 0 } = {},
  hints: readonly Hint[] = [hint],
): Uint8Array {
  return encodeHints({ ledger, session, seq }, hints)[0]!
}

function setUp() {
  const clock = new ManualClock()
  const unknown: string[] = []
  const members = new Members({ self: 'self', clock, onUnknown: peer => unknown.push(peer) })
  members.set(['anna', 'bert'].map(peer => ({ peer, session: `session of ${peer}`, since: 0, addrs: [] })))
  const hints: ReceivedHint[] = []
  const inbox = new HintInbox({ clock, incarnation: 'incarnation', members, onHint: received => hints.push(received) })
  return { clock, unknown, members, hints, inbox }
}
