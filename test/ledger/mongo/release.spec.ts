import assert from 'node:assert/strict'
import { MongoNetworkError } from 'mongodb'
import { systemRandom } from '../../../src/core/random.ts'
import type { Claim, SessionRecord } from '../../../src/lease/records.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { claimAll } from '../../../src/ledger/mongo/claims.ts'
import { release } from '../../../src/ledger/mongo/release.ts'
import { type Bench, dagPlan, id } from '../contract/bench.ts'
import type { HookedContext } from './hooked-context.ts'
import { openHooked } from './hooked-ledger.ts'
import { MONGODB_URI } from './temporary-database.ts'

const server = MONGODB_URI
if (server !== undefined) {
  describe('giving back on MongoDB', function () {
    this.timeout(30_000)
    suite(server)
  })
}

const GIVE_BACK = { reason: 'test', notBefore: null, uncounted: true }
const STOP = { reason: 'stopped', by: 'me', at: 1, error: null } as const
const NAMES = Array.from({ length: 20 }, (_, index) => `t${index}`)

function suite(server: string): void {
  let others: Ledger
  let hooked: HookedContext
  let bench: Bench
  let session: SessionRecord
  let run: string
  let close: () => Promise<void>

  before(async () => {
    ;({ others, hooked, bench, session, close } = await openHooked(server))
  })

  after(() => close?.())

  beforeEach(async () => {
    run = systemRandom.hex(4)
    await bench.submit(run, [dagPlan('main', NAMES)])
  })

  async function claimHere(names: readonly string[]): Promise<Claim[]> {
    const requests = names.map(name => ({ task: id(run, name), claimId: systemRandom.hex(16) }))
    const won = await claimAll(hooked.context, session, requests)
    assert.equal(won.length, names.length)
    hooked.sent.length = 0
    return won.map(({ claim }) => claim)
  }
  const releaseAll = (claims: readonly Claim[]) =>
    Promise.all(claims.map(claim => release(hooked.context, claim, GIVE_BACK)))
  const state = (name: string) => bench.state(id(run, name))

  it('many at the same time takes one write, and one look for a stop', async () => {
    const claims = await claimHere(NAMES)
    assert.deepEqual(new Set(await releaseAll(claims)), new Set([true]))
    assert.deepEqual(hooked.sent.toSorted(), ['dags findOne', 'runs findOne', 'tasks bulkWrite'])
    assert.deepEqual(new Set(Object.values(await bench.states(run))), new Set(['ready']))
    for (const { history, epoch, owner } of await others.tasks(run)) {
      assert.deepEqual([history.map(({ end }) => end), epoch, owner], [['released'], 2, null])
    }
  })

  it('tells of each whether it was held, though one of them was lost meanwhile', async () => {
    const claims = await claimHere(['t0', 't1', 't2'])
    hooked.once('tasks', 'bulkWrite', async send => {
      await others.release(claims[1] ?? assert.fail(), GIVE_BACK)
      await bench.claim('s', id(run, 't1'))
      return send()
    })
    const kept = await releaseAll(claims)
    // Its attempt has ended as it was to end.
    assert.deepEqual(kept, [true, true, true])
    assert.deepEqual([await state('t0'), await state('t1'), await state('t2')], ['ready', 'claimed', 'ready'])
  })

  it('is known by whoever repeats it after the answer was lost', async () => {
    const claims = await claimHere(['t0', 't1'])
    hooked.once('tasks', 'bulkWrite', async send => {
      await send()
      throw new MongoNetworkError('connection closed')
    })
    assert.deepEqual(await releaseAll(claims), [true, true])
    assert.deepEqual(await releaseAll(claims), [true, true])
    for (const name of ['t0', 't1']) {
      const { history, state } = (await others.task(id(run, name))) ?? assert.fail()
      assert.deepEqual([history.length, state], [1, 'ready'])
    }
  })

  it('cancels what a stop has marked', async () => {
    const claims = await claimHere(['t0'])
    await others.stopRun(run, STOP)
    assert.deepEqual(await releaseAll(claims), [true])
    assert.equal(await state('t0'), 'cancelled')
    assert.equal(await bench.runState(run), 'stopped')
  })

  it('cancels what a stop has taken for claimed and not marked yet', async () => {
    const claims = await claimHere(['t0', 't1'])
    // As far as a stop has come when it has cancelled what waits.
    const stop = { $set: { stop: STOP, todo: 'stop' as const }, $inc: { rev: 1 } }
    hooked.once('tasks', 'bulkWrite', async send => {
      await hooked.raw.runs.updateOne({ _id: run }, stop)
      await hooked.raw.dags.updateOne({ _id: `${run}/main:1` }, stop)
      return send()
    })
    assert.deepEqual(await releaseAll(claims), [true, true])
    assert.deepEqual([await state('t0'), await state('t1')], ['cancelled', 'cancelled'])
  })

  it('fails for those alone whose look for a stop fails, though all others are still being given back', async () => {
    const claims = await claimHere(NAMES)
    const [last] = NAMES.slice(-1)
    // As if they had written to the store: they are read again, one by one.
    for (const { claimId } of claims.slice(0, -1)) hooked.context.known.held.delete(claimId)
    hooked.once('dags', 'findOne', () => Promise.reject(Object.assign(new Error('not authorized'), { code: 13 })))
    const kept = await Promise.allSettled(claims.map(claim => release(hooked.context, claim, GIVE_BACK)))
    assert.deepEqual(
      kept.flatMap(({ status }, index) => (status === 'rejected' ? [NAMES[index]] : [])),
      [last],
    )
    assert.deepEqual(new Set(Object.values(await bench.states(run))), new Set(['ready']))
  })

  it('fails for none but the one whose write is refused, which is tried by itself then', async () => {
    const claims = await claimHere(['t0', 't1', 't2'])
    for (const { claimId } of claims.slice(0, -1)) hooked.context.known.held.delete(claimId)
    hooked.once('tasks', 'bulkWrite', () => Promise.reject(Object.assign(new Error('not authorized'), { code: 13 })))
    assert.deepEqual(await releaseAll(claims), [true, true, true])
  })
}
