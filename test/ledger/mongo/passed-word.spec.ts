import assert from 'node:assert/strict'
import { decode, encode } from '../../../protocols/msgpack.ts'
import { systemRandom } from '../../../src/core/random.ts'
import type { PayloadRef, SessionRecord } from '../../../src/lease/records.ts'
import type { HandOn, Ledger, NewRun, PassedTask } from '../../../src/ledger/ledger.ts'
import { claimAll } from '../../../src/ledger/mongo/claims.ts'
import { complete } from '../../../src/ledger/mongo/complete.ts'
import { passedTo } from '../../../src/ledger/mongo/pass-on.ts'
import { readPassedWord } from '../../../src/ledger/mongo/passed-word.ts'
import { release } from '../../../src/ledger/mongo/release.ts'
import { type Bench, DONE, dagPlan, id } from '../contract/bench.ts'
import { hookedContext, type HookedContext } from './hooked-context.ts'
import { openHooked } from './hooked-ledger.ts'
import { MONGODB_URI, temporaryDatabase } from './temporary-database.ts'

const server = MONGODB_URI
if (server !== undefined) {
  describe('what MongoDB says of a task that is claimed for another peer', function () {
    this.timeout(30_000)
    suite(server)
  })
}

const STOP = { reason: 'stopped', by: 'me', at: 1, error: null } as const
const GIVE_BACK = { reason: 'test', notBefore: null, uncounted: true }
const BUNDLE: Partial<NewRun> = { bundle: 'b'.repeat(64), args: { folder: '/data' } }

function payload(text: string): PayloadRef {
  const inline = new TextEncoder().encode(text)
  return { hash: 'a'.repeat(64), sizeBytes: inline.byteLength, inline, holders: [] }
}

function suite(server: string): void {
  let others: Ledger
  /** Of the peer that passes it on, and of the one that gets it. */
  let giver: HookedContext
  let receiver: HookedContext
  let bench: Bench
  let session: SessionRecord
  let run: string
  let other: string
  let uri: string
  let close: () => Promise<void>

  before(async () => {
    const database = temporaryDatabase(server)
    uri = database.uri
    ;({ others, hooked: giver, bench, session, close } = await openHooked(server, { database }))
    receiver = await hookedContext(database.uri)
  })

  after(async () => {
    await receiver?.close()
    await close?.()
  })

  /** `b`, claimed for the session `other` by the completion of `a`, which left `out`. */
  async function passB(out: PayloadRef = payload('x'), more: Partial<NewRun> = BUNDLE): Promise<PassedTask> {
    run = systemRandom.hex(4)
    other = `other-${run}`
    await bench.session(other, { queues: ['other'] })
    await bench.submit(run, [dagPlan('main', ['a', { name: 'b', queue: 'other' }, 'c'], ['a>b', 'b>c'])], more)
    const [held] = await claimAll(giver.context, session, [{ task: id(run, 'a'), claimId: systemRandom.hex(16) }])
    const passOn = { claimIds: [systemRandom.hex(16)], to: [{ session: other, places: 1 }] }
    const hand: HandOn = { session: 's', queues: ['task'], claimIds: [], choice: 'successors', passOn }
    const { passedOn } = await complete(giver.context, held!.claim, { ...DONE, out }, hand)
    receiver.sent.length = 0
    return passedOn[0] ?? assert.fail('nothing was passed on')
  }
  const read = (row: Uint8Array, to = other) => readPassedWord(receiver.context, to, row)

  it('is what its peer would find there, with the beat that was known', async () => {
    const { word, claim } = await passB()
    assert.ok(word)
    assert.equal(word.beat, (await others.sessions()).find(({ id }) => id === other)?.beat)
    const told = read(word.row)
    assert.deepEqual(receiver.sent, [])
    const third = await hookedContext(uri)
    const [found] = await passedTo(third.context, other, [])
    await third.close()
    assert.deepEqual(told, found)
    assert.deepEqual(told?.claim, claim)
  })

  it('is enough to complete it unread, and to say the next', async () => {
    const { word } = await passB()
    const told = read(word!.row)
    assert.ok(told)
    const passOn = { claimIds: [systemRandom.hex(16)], to: [{ session: 's', places: 1 }] }
    const hand: HandOn = { session: other, queues: ['other'], claimIds: [], choice: 'successors', passOn }
    const { accepted, passedOn } = await complete(receiver.context, told.claim, { ...DONE, out: payload('y') }, hand)
    assert.deepEqual([accepted, passedOn.length, passedOn[0]?.word !== undefined], [true, 1, true])
    assert.equal(receiver.sent.filter(sent => sent.startsWith('runs') || sent.startsWith('dags')).length, 0)
    assert.equal(receiver.sent.filter(sent => /^tasks (find|replaceOne|bulkWrite)/.test(sent)).length, 3)
    assert.deepEqual(await bench.states(run), { a: 'done', b: 'done', c: 'claimed' })
  })

  it('begins nothing again that has ended here', async () => {
    const { word } = await passB()
    const told = read(word!.row)
    assert.ok(told)
    await complete(receiver.context, told.claim, DONE)
    assert.equal(read(word!.row), undefined)
  })

  it('is judged by the ledger when its run was stopped since', async () => {
    const { word } = await passB()
    const told = read(word!.row)
    await others.stopRun(run, STOP)
    assert.equal((await complete(receiver.context, told!.claim, DONE)).accepted, true)
    const [b] = (await others.tasks(run)).filter(({ name }) => name === 'b')
    assert.deepEqual([b?.state, b?.afterStop], ['done', true])
    assert.equal(await bench.runState(run), 'stopped')
  })

  it('is refused by the ledger when the claim was lost since', async () => {
    const { word, claim } = await passB()
    const told = read(word!.row)
    await others.release(claim, GIVE_BACK)
    await bench.session(`third-${run}`, { queues: ['other'] })
    await bench.claim(`third-${run}`, id(run, 'b'))
    assert.equal((await complete(receiver.context, told!.claim, DONE)).accepted, false)
    assert.equal(await release(receiver.context, told!.claim, GIVE_BACK), true)
    assert.deepEqual(await bench.states(run), { a: 'done', b: 'claimed', c: 'blocked' })
  })

  it('is not said where it would be too long', async () => {
    const large = { ...payload('x'), inline: new Uint8Array(9000), sizeBytes: 9000 }
    assert.equal((await passB(large)).word, undefined)
    assert.equal((await passB({ ...payload('x'), inline: null, holders: ['p'] })).word, undefined)
    assert.equal((await passB(payload('x'), { ...BUNDLE, args: { text: 'x'.repeat(9000) } })).word, undefined)
  })

  it('is not read when no honest peer would say it', async () => {
    const { word } = await passB()
    const said = decode(word!.row) as { doc: Record<string, unknown>; run: object; dag: object }
    assert.ok(read(encode(said)))
    const forged: Record<string, unknown>[] = [
      { owner: 's' },
      { state: 'ready' },
      { effect: 'exclusive' },
      { source: true },
      { stopping: true },
      { epoch: 0 },
      { epoch: '1' },
      { claimId: 'x' },
      { name: 'c' },
      { token: null },
      { rev: -1 },
      { _id: 'elsewhere' },
      { history: [] },
      {
        given: [
          { name: 'a', slot: null, epoch: 1, payload: { hash: '../x', sizeBytes: 0, inline: new Uint8Array(0) } },
        ],
      },
      { feeds: undefined },
    ]
    for (const part of forged) {
      assert.equal(read(encode({ ...said, doc: { ...said.doc, ...part } })), undefined, JSON.stringify(part))
    }
    assert.equal(read(encode({ ...said, run: { ...said.run, bundle: '../../etc' } })), undefined)
    assert.equal(read(encode('nonsense')), undefined)
    assert.equal(read(new Uint8Array([1, 2, 3])), undefined)
    assert.equal(read(word!.row, 'somebody-else'), undefined)
    assert.equal(receiver.sent.length, 0)
  })
}
