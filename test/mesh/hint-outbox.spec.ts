import assert from 'node:assert/strict'
import { decodeHints, type HintMessage } from '../../protocols/hint-codec.ts'
import type { Hint } from '../../protocols/hints.ts'
import { HintOutbox, type HintOutboxOptions } from '../../src/mesh/hint-outbox.ts'
import { LOAD_HINT_DELAY_MS, MAX_HINT_MESSAGES_PER_SECOND } from '../../src/mesh/mesh-limits.ts'
import { ManualClock } from '../support/manual-clock.ts'

describe('hint outbox', () => {
  it('sends the hints of a few milliseconds as one message', async () => {
    const { outbox, clock, sent } = setUp()
    outbox.add(claimed(1))
    outbox.add(claimed(2))
    assert.deepEqual(sent, [])
    await clock.advance(5)
    outbox.add(claimed(3))
    await clock.advance(5)
    assert.deepEqual(
      sent.map(({ hints, seq }) => [seq, hints]),
      [
        [0, [claimed(1), claimed(2)]],
        [1, [claimed(3)]],
      ],
    )
    assert.equal(outbox.published, 3)
  })

  it('sends what somebody waits for at once, with all that there is', async () => {
    const { outbox, clock, sent } = setUp()
    outbox.add(claimed(1))
    outbox.add(ready('a'))
    outbox.add(ready('b'))
    await clock.advance(0)
    assert.deepEqual(
      sent.map(({ hints }) => hints),
      [[claimed(1), ready('a'), ready('b')]],
    )
    await clock.advance(1)
    outbox.add(ready('c'))
    await clock.advance(0)
    assert.deepEqual(sent[1]?.hints, [ready('c')])
    await clock.advance(20)
    assert.equal(sent.length, 2)
  })

  it('sends no more messages for it than others take, however much somebody waits for', async () => {
    const { outbox, clock, sent } = setUp()
    for (let ms = 0; ms < 2000; ms++) {
      outbox.add(ready('a'))
      await clock.advance(1)
    }
    await clock.advance(5)
    assert.ok(sent.length > 400 && sent.length < MAX_HINT_MESSAGES_PER_SECOND * 2, `${sent.length} messages in 2 s`)
    assert.equal(
      sent.flatMap(({ hints }) => hints.map(hint => (hint.kind === 'ready' ? hint.count : 0))).reduce((a, b) => a + b),
      2000,
    )
  })

  it('names the ledger and the session, and counts anew for a new session', async () => {
    const { outbox, clock, sent } = setUp()
    outbox.add(claimed(1))
    await clock.advance(5)
    outbox.useSession('second')
    outbox.add(claimed(2))
    await clock.advance(5)
    assert.deepEqual(
      sent.map(({ ledger, session, seq }) => [ledger, session, seq]),
      [
        ['incarnation', 'first', 0],
        ['incarnation', 'second', 0],
      ],
    )
  })

  it('keeps hints until there is a session', async () => {
    const { outbox, clock, sent } = setUp({}, null)
    outbox.add(claimed(1))
    await clock.advance(100)
    assert.deepEqual(sent, [])
    outbox.useSession('late')
    await clock.advance(5)
    assert.deepEqual(
      sent.map(({ session }) => session),
      ['late'],
    )
  })

  it('says the same thing once', async () => {
    const { outbox, clock, sent } = setUp()
    outbox.add({ kind: 'members' })
    outbox.add(claimed(1))
    outbox.add({ kind: 'members' })
    await clock.advance(5)
    assert.deepEqual(sent[0]?.hints, [claimed(1), { kind: 'members' }])
  })

  it('adds up what became ready, and keeps the last word about the load', async () => {
    const { outbox, clock, sent } = setUp()
    outbox.add({ kind: 'ready', queue: 'q', run: 'r', count: 2 })
    outbox.add({ kind: 'load', busy: 1, capacity: 4, draining: false })
    outbox.add({ kind: 'ready', queue: 'q', run: 'r', count: 3 })
    outbox.add({ kind: 'ready', queue: 'other', run: 'r', count: 1 })
    outbox.add({ kind: 'load', busy: 2, capacity: 4, draining: true })
    await clock.advance(5)
    assert.deepEqual(sent[0]?.hints, [
      { kind: 'ready', queue: 'q', run: 'r', count: 5 },
      { kind: 'ready', queue: 'other', run: 'r', count: 1 },
      { kind: 'load', busy: 2, capacity: 4, draining: true },
    ])
  })

  it('lets a word about the load alone wait, and does not say it when it has changed back meanwhile', async () => {
    const { outbox, clock, sent } = setUp()
    outbox.add(load(0))
    await clock.advance(LOAD_HINT_DELAY_MS - 1)
    assert.deepEqual(sent, [])
    await clock.advance(1)
    assert.deepEqual(hintsOf(sent), [load(0)])
    outbox.add(load(1))
    outbox.add(load(0))
    await clock.advance(LOAD_HINT_DELAY_MS)
    assert.equal(sent.length, 1)
    outbox.add(load(1))
    await clock.advance(LOAD_HINT_DELAY_MS)
    assert.deepEqual(hintsOf(sent), [load(0), load(1)])
    assert.equal(clock.pending, 0)
  })

  it('lets a word about the load go with what has less time, and says at once that a peer leaves', async () => {
    const { outbox, clock, sent } = setUp()
    outbox.add(load(1))
    await clock.advance(2)
    outbox.add(claimed(1))
    await clock.advance(5)
    assert.deepEqual(hintsOf(sent), [load(1), claimed(1)])
    const leaving: Hint = { kind: 'load', busy: 1, capacity: 4, draining: true }
    outbox.add(load(2))
    outbox.add(leaving)
    await clock.advance(5)
    assert.deepEqual(hintsOf(sent).slice(2), [leaving])
  })

  it('says again what one peer alone was told otherwise, and what a new session was not heard to say', async () => {
    const { outbox, clock, sent } = setUp()
    outbox.add(load(0))
    await clock.advance(LOAD_HINT_DELAY_MS)
    const [alone] = outbox.toMessages([load(1)]).map(decodeHints)
    assert.deepEqual([alone?.session, alone?.seq, alone?.hints], ['first', 1, [load(1)]])
    outbox.add(load(0))
    await clock.advance(LOAD_HINT_DELAY_MS)
    assert.deepEqual(hintsOf(sent), [load(0), load(0)])
    outbox.useSession('second')
    outbox.add(load(0))
    await clock.advance(LOAD_HINT_DELAY_MS)
    assert.deepEqual(hintsOf(sent), [load(0), load(0), load(0)])
  })

  it('makes no message for one peer alone of what is no hint, before the first session, or after the last', async () => {
    const { outbox } = setUp({}, null)
    assert.deepEqual(outbox.toMessages([load(1)]), [])
    outbox.useSession('first')
    assert.deepEqual(outbox.toMessages([{ kind: 'stopping', run: '' }]), [])
    assert.equal(outbox.dropped, 1)
    assert.equal(outbox.toMessages([load(1)]).length, 1)
    await outbox.close()
    assert.deepEqual(outbox.toMessages([load(1)]), [])
  })

  it('drops the oldest beyond its limit, and counts them', async () => {
    const { outbox, clock, sent } = setUp({ maxQueued: 2 })
    for (const epoch of [1, 2, 3, 4]) outbox.add(claimed(epoch))
    await clock.advance(5)
    assert.deepEqual(sent[0]?.hints, [claimed(3), claimed(4)])
    assert.equal(outbox.dropped, 2)
  })

  it('drops what is no hint, without a word to the caller', async () => {
    const { outbox, clock, sent } = setUp()
    outbox.add({ kind: 'stopping', run: '' })
    outbox.add(undefined as unknown as Hint)
    await clock.advance(5)
    assert.deepEqual(sent, [])
    assert.equal(outbox.dropped, 2)
  })

  it('collects while a message is under way, and sends on when one fails', async () => {
    const { promise: firstSent, reject } = Promise.withResolvers<void>()
    const messages: HintMessage[] = []
    const { outbox, clock } = setUp({
      send: bytes => {
        messages.push(decodeHints(bytes))
        return messages.length === 1 ? firstSent : undefined
      },
    })
    outbox.add(claimed(1))
    await clock.advance(5)
    outbox.add(claimed(2))
    outbox.add(claimed(3))
    await clock.advance(1000)
    assert.equal(messages.length, 1)
    reject(new Error('the stream broke'))
    await clock.advance(5)
    assert.deepEqual(messages[1]?.hints, [claimed(2), claimed(3)])
  })

  it('sends what is queued when it closes, then takes no more and leaves no timer', async () => {
    const { outbox, clock, sent } = setUp()
    outbox.add(claimed(1))
    await outbox.close()
    assert.deepEqual(sent[0]?.hints, [claimed(1)])
    outbox.add(claimed(2))
    await clock.advance(100)
    assert.equal(sent.length, 1)
    assert.equal(clock.pending, 0)
  })
})

function load(busy: number): Hint {
  return { kind: 'load', busy, capacity: 4, draining: false }
}

function hintsOf(messages: readonly HintMessage[]): Hint[] {
  return messages.flatMap(({ hints }) => hints)
}

function ready(run: string): Hint {
  return { kind: 'ready', queue: 'task', run, count: 1 }
}

function setUp(options: Partial<HintOutboxOptions> = {}, session: string | null = 'first') {
  const clock = new ManualClock()
  const sent: HintMessage[] = []
  const outbox = new HintOutbox({
    clock,
    incarnation: 'incarnation',
    send: bytes => void sent.push(decodeHints(bytes)),
    ...options,
  })
  if (session !== null) outbox.useSession(session)
  return { outbox, clock, sent }
}

function claimed(epoch: number): Hint {
  return { kind: 'claimed', task: 'run/dag:1/task', epoch }
}
