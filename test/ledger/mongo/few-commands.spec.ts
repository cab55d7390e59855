import { MongoNetworkError, type AnyBulkWriteOperation } from 'mongodb'
import assert from 'node:assert/strict'
import { systemClock, type Clock } from '../../../src/core/clock.ts'
import { systemRandom } from '../../../src/core/random.ts'
import type { Claim, SessionRecord } from '../../../src/lease/records.ts'
import type { HandOn, Ledger } from '../../../src/ledger/ledger.ts'
import { claimAll } from '../../../src/ledger/mongo/claims.ts'
import { complete } from '../../../src/ledger/mongo/complete.ts'
import type { TaskDoc } from '../../../src/ledger/mongo/documents.ts'
import { MAX_STRIKE_OFFS, MAX_TASKS_PER_UPDATE } from '../../../src/ledger/mongo/mongo-limits.ts'
import { passedTo } from '../../../src/ledger/mongo/pass-on.ts'
import { stopDag } from '../../../src/ledger/mongo/stop.ts'
import { launchRun, submit } from '../../../src/ledger/mongo/submit.ts'
import { type Bench, DONE, dagPlan, id, newRun } from '../contract/bench.ts'
import type { HookedContext } from './hooked-context.ts'
import { openHooked } from './hooked-ledger.ts'
import { MONGODB_URI } from './temporary-database.ts'

const server = MONGODB_URI
if (server !== undefined) {
  describe('the commands that MongoDB is sent', function () {
    this.timeout(60_000)
    suite(server)
  })
}

function suite(server: string): void {
  let others: Ledger
  let hooked: HookedContext
  let bench: Bench
  let session: SessionRecord
  let close: () => Promise<void>

  before(async () => {
    // What was seen a moment ago stays so: the machine may be slow.
    const still: Clock = Object.assign(Object.create(systemClock) as Clock, { monotonicMs: () => 0 })
    ;({ others, hooked, bench, session, close } = await openHooked(server, { capacity: 10, clock: still }))
  })

  after(() => close?.())

  beforeEach(async () => {
    await hooked.context.strikeOffs.flush()
    hooked.sent.length = 0
  })

  const sent = (kind: RegExp) => hooked.sent.filter(command => kind.test(command))
  const newClaim = () => systemRandom.hex(16)

  it('look around once for several tasks that are passed to one place, since each tells that the one before has ended', async () => {
    const run = systemRandom.hex(4)
    const [own, other] = ['s', `other-${run}`]
    await bench.session(other, { queues: ['other'], capacity: 1 })
    const turns = ['a', { name: 'b', queue: 'other' }, 'c', { name: 'd', queue: 'other' }]
    await bench.submit(run, [dagPlan('main', turns, ['a>b', 'b>c', 'c>d'])])
    const give = (from: string, queue: string, to: string): HandOn => ({
      session: from,
      queues: [queue],
      claimIds: [newClaim()],
      choice: 'successors-first',
      passOn: { claimIds: [newClaim()], to: [{ session: to, places: 1 }] },
    })
    const [first] = await claimAll(hooked.context, session, [{ task: id(run, 'a'), claimId: newClaim() }])
    const passed = await complete(hooked.context, first?.claim ?? assert.fail(), DONE, give(own, 'task', other))
    assert.equal(passed.passedOn.length, 1)
    const [second] = await others.passedTo(other, [])
    await others.complete(second?.claim ?? assert.fail(), DONE, give(other, 'other', own))
    const [third] = await passedTo(hooked.context, own, [])
    const again = await complete(hooked.context, third?.claim ?? assert.fail(), DONE, give(own, 'task', other))
    assert.equal(again.passedOn.length, 1)
    // What waits for the giver itself was told along with it.
    assert.equal(sent(/^tasks aggregate/).length, 1)
  })

  it('delete nothing at the end of a run that used no store', async () => {
    for (const usesStore of [false, true]) {
      const run = systemRandom.hex(4)
      await bench.submit(run, [dagPlan('main', ['a'])], { keepData: false })
      const [held] = await claimAll(hooked.context, session, [{ task: id(run, 'a'), claimId: newClaim() }])
      const claim = held?.claim ?? assert.fail()
      if (usesStore) await others.storeWrite(claim, { kind: 'set', section: 'data', path: 'x', value: 1 })
      hooked.sent.length = 0
      assert.equal((await complete(hooked.context, claim, DONE)).runEnded, 'succeeded')
      assert.equal(sent(/deleteMany/).length > 0, usesStore)
      assert.equal((await hooked.raw.runs.findOne({ _id: run }))?.todo, undefined)
      assert.equal(await hooked.raw.leaves.countDocuments({ run }), 0)
    }
  })

  it('follow up a completion once, however often it is asked for', async () => {
    const run = systemRandom.hex(4)
    await bench.submit(run, [dagPlan('main', ['a', 'b'], ['a>b'])])
    const [held] = await claimAll(hooked.context, session, [{ task: id(run, 'a'), claimId: newClaim() }])
    const claim = held?.claim ?? assert.fail()
    await complete(hooked.context, claim, DONE)
    // A moment later that would come by itself.
    await hooked.context.strikeOffs.flush()
    hooked.sent.length = 0
    const { accepted, state } = await complete(hooked.context, claim, DONE)
    assert.deepEqual([accepted, state], [true, 'done'])
    assert.deepEqual(new Set(hooked.sent), new Set(['tasks findOne']))
  })

  it('change all tasks of a large DAG by several that are each soon over', async () => {
    const run = systemRandom.hex(4)
    const names = ['t0', 't1', 't2']
    await bench.submit(run, [dagPlan('main', names), dagPlan('other', ['x']), dagPlan('third', ['x'])])
    const { tasks, dags, runs } = hooked.raw
    // As if others stood between them, and none had been launched.
    await dags.updateOne({ _id: `${run}/main:1` }, { $set: { size: 2 * MAX_TASKS_PER_UPDATE + 1 } })
    await tasks.updateMany({ run }, { $set: { state: 'blocked' } })
    for (const [place, name] of names.entries()) {
      await tasks.updateOne({ _id: id(run, name) }, { $set: { index: place * MAX_TASKS_PER_UPDATE } })
    }
    await launchRun(hooked.context, (await runs.findOne({ _id: run })) ?? assert.fail())
    assert.deepEqual(await others.taskCounts(run), { ready: 5 })
    // Three for the large one, one for the two others.
    assert.equal(sent(/^tasks updateMany/).length, 3 + 1)
    hooked.sent.length = 0
    const stop = { reason: 'stopped', by: 'me', at: 1, error: null } as const
    assert.equal(await stopDag(hooked.context, run, 'main:1', stop), true)
    assert.deepEqual(await others.taskCounts(run), { cancelled: 3, ready: 2 })
    // Then what is claimed is marked.
    assert.equal(sent(/^tasks updateMany/).length, 3 + 1)
  })

  it('make what is left to do ready by several, too, when a run with a large DAG is tried again', async () => {
    const old = systemRandom.hex(4)
    const names = ['t0', 't1', 't2']
    const dags = [dagPlan('main', names), dagPlan('other', ['x'])]
    await bench.submit(old, dags)
    await others.stopRun(old, { reason: 'stopped', by: 'me', at: 1, error: null })
    const run = `${old}-again`
    const large = { $set: { size: 2 * MAX_TASKS_PER_UPDATE + 1 } }
    hooked.once('runs', 'updateOne', async turn => {
      // As if others stood between them.
      await hooked.raw.dags.updateOne({ _id: `${run}/main:1` }, large)
      for (const [place, name] of names.entries()) {
        await hooked.raw.tasks.updateOne({ _id: id(run, name) }, { $set: { index: place * MAX_TASKS_PER_UPDATE } })
      }
      hooked.sent.length = 0
      return turn()
    })
    await submit(hooked.context, newRun(run, dags, { retryOf: old }))
    assert.deepEqual(await others.taskCounts(run), { ready: 4 })
    // Three for the large one, one for the other, of what has no predecessors and of what is marked.
    assert.equal(sent(/^tasks updateMany/).length, 2 * (3 + 1))
  })

  it('go through a large DAG that is being stopped only while something waits in it', async () => {
    const run = systemRandom.hex(4)
    await bench.submit(run, [dagPlan('main', ['held', 'waits'])])
    await claimAll(hooked.context, session, [{ task: id(run, 'held'), claimId: newClaim() }])
    await hooked.raw.dags.updateOne({ _id: `${run}/main:1` }, { $set: { size: 2 * MAX_TASKS_PER_UPDATE + 1 } })
    const stop = { reason: 'stopped', by: 'me', at: 1, error: null } as const
    const looks: number[] = []
    for (let look = 0; look < 3; look++) {
      hooked.sent.length = 0
      assert.equal(await stopDag(hooked.context, run, 'main:1', stop), true)
      looks.push(sent(/^tasks updateMany/).length)
      assert.deepEqual(await bench.states(run), { held: 'claimed', waits: 'cancelled' })
    }
    // What is claimed is marked at each look; before it what waits is cancelled, in three parts.
    assert.deepEqual(looks, [3 + 1, 1, 1])
    // What comes to wait behind it is found again.
    await hooked.raw.tasks.updateOne({ _id: id(run, 'held') }, { $set: { state: 'ready', claimId: null, owner: null } })
    await stopDag(hooked.context, run, 'main:1', stop)
    assert.deepEqual(await bench.states(run), { held: 'cancelled', waits: 'cancelled' })
    assert.deepEqual(await others.dagStates(run, ['main:1']), ['stopped'])
  })

  it('ask the whole replica set only whether the first and the last completion end their DAG', async () => {
    const run = systemRandom.hex(4)
    const claims = await held(run, 5)
    const levels: string[][] = []
    for (const claim of claims) {
      const asked: string[] = []
      const note = (send: () => Promise<unknown>, args: readonly unknown[]) => {
        const { readConcern } = args[1] as { readConcern?: { level: string } }
        asked.push(readConcern?.level ?? 'local')
        hooked.once('tasks', 'findOne', note)
        return send()
      }
      hooked.once('tasks', 'findOne', note)
      await complete(hooked.context, claim, DONE)
      levels.push(asked)
    }
    hooked.once('tasks', 'findOne', send => send())
    await hooked.raw.tasks.findOne({})
    assert.deepEqual(levels, [['linearizable'], ['local'], ['local'], ['local'], ['local', 'linearizable']])
    assert.equal((await others.run(run))?.state, 'succeeded')
  })

  for (const { what, disturb } of [
    { what: 'somebody else struck one off first', disturb: strikeOffElsewhere },
    { what: 'a completion was not as it was claimed', disturb: writeToStore },
    { what: 'an answer got lost', disturb: loseAnswer },
  ]) {
    it(`strike off once what was carried out, also when ${what}`, async () => {
      const run = systemRandom.hex(4)
      const claims = await held(run, 8)
      const struck: number[] = []
      for (const [place, claim] of claims.entries()) {
        let count = 0
        const look = async (send: () => Promise<unknown>, args: readonly unknown[]) => {
          for (const operation of args[0] as AnyBulkWriteOperation<TaskDoc>[]) {
            if ('updateMany' in operation) count = struckOffBy(operation.updateMany.filter)
          }
          const answer = await send()
          if (place === 3 && disturb === loseAnswer) throw new MongoNetworkError('closed')
          return answer
        }
        // The first has nothing to strike off.
        if (place > 0) hooked.once('tasks', 'bulkWrite', look)
        if (place === 3) await disturb(claim, claims[2] ?? assert.fail())
        assert.equal((await complete(hooked.context, claim, DONE)).accepted, true)
        struck.push(count)
      }
      // What may have been written or not is written once more, not again and again.
      assert.deepEqual(struck, [0, 1, 1, 1, disturb === loseAnswer ? 2 : 1, 1, 1, 1])
      await hooked.context.strikeOffs.flush()
      assert.equal(await hooked.raw.tasks.countDocuments({ run, todo: { $exists: true } }), 0)
    })
  }

  it('remember no more of what is to be struck off than fits one command, the newest', () => {
    const { strikeOffs } = hooked.context
    strikeOffs.add(Array.from({ length: MAX_STRIKE_OFFS }, (_, place) => ({ _id: `old-${place}`, token: 'x' })))
    const taken = strikeOffs.take()
    strikeOffs.add([{ _id: 'new', token: 'x' }])
    taken.putBack()
    const { operations, count } = strikeOffs.take()
    const named = JSON.stringify(operations)
    assert.equal(count, MAX_STRIKE_OFFS)
    assert.deepEqual(
      [named.includes('"old-0"'), named.includes('"old-1"'), named.includes('"new"')],
      [false, true, true],
    )
  })

  /** Claims of so many tasks that do not depend on each other. */
  async function held(run: string, count: number): Promise<Claim[]> {
    const names = Array.from({ length: count }, (_, place) => `t${place}`)
    await bench.submit(run, [dagPlan('main', names)])
    const wanted = names.map(name => ({ task: id(run, name), claimId: newClaim() }))
    return (await claimAll(hooked.context, session, wanted)).map(({ claim }) => claim)
  }

  async function strikeOffElsewhere(_: Claim, before: Claim): Promise<void> {
    await hooked.raw.tasks.updateOne({ _id: before.task }, { $unset: { todo: '' } })
  }

  async function writeToStore(claim: Claim): Promise<void> {
    await others.storeWrite(claim, { kind: 'set', section: 'data', path: 'x', value: 1 })
  }

  async function loseAnswer(): Promise<void> {}
}

function struckOffBy(filter: object): number {
  return (filter as { _id: { $in: string[] } })._id.$in.length
}
