import assert from 'node:assert/strict'
import { MongoNetworkError } from 'mongodb'
import { systemRandom } from '../../../src/core/random.ts'
import type { Claim, SessionRecord } from '../../../src/lease/records.ts'
import type { StoreWrite } from '../../../src/lease/store-write.ts'
import type { HandOn, Ledger } from '../../../src/ledger/ledger.ts'
import { verify } from '../../../src/ledger/mongo/claim-standing.ts'
import { claimAll } from '../../../src/ledger/mongo/claims.ts'
import { complete } from '../../../src/ledger/mongo/complete.ts'
import { passedTo } from '../../../src/ledger/mongo/pass-on.ts'
import { peekReady } from '../../../src/ledger/mongo/ready-tasks.ts'
import { startDag } from '../../../src/ledger/mongo/start-dag.ts'
import { storeWrite } from '../../../src/ledger/mongo/store.ts'
import { submit } from '../../../src/ledger/mongo/submit.ts'
import { encodeWrite } from '../../../src/ledger/store-leaves.ts'
import { eventually } from '../../support/eventually.ts'
import { type Bench, DONE, dagPlan, id, newRun, payload, refused } from '../contract/bench.ts'
import type { HookedContext } from './hooked-context.ts'
import { openHooked } from './hooked-ledger.ts'
import { MONGODB_URI } from './temporary-database.ts'

const server = MONGODB_URI
if (server !== undefined) {
  describe('what others do between two steps of an operation on MongoDB', function () {
    this.timeout(30_000)
    suite(server)
  })
}

const GIVE_BACK = { reason: 'test', notBefore: null, uncounted: true }

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
    // What the test before left to be struck off a moment later would ride with a write of this one, or meet its hook.
    await hooked.context.strikeOffs.flush()
    run = systemRandom.hex(4)
    await bench.submit(run, [dagPlan('main', ['a', 'b']), dagPlan('sub', ['x'], [], false)])
  })

  const holdOf = (name: string) => bench.claim('s', id(run, name)).then(({ claim }) => claim)
  const write = (claim: Claim, given: StoreWrite, operation = systemRandom.hex(8)) =>
    storeWrite(hooked.context, claim, given.section, encodeWrite(given), operation)
  const set = (value: unknown) => ({ kind: 'set', section: 'data', path: 'x', value }) as const
  const push = (value: unknown) => ({ kind: 'push', section: 'data', path: 'x', value }) as const
  const stored = () => others.storeGet(run, 'data', 'x')

  describe('a retry', () => {
    const dags = [dagPlan('main', ['a'])]

    async function stoppedRun(): Promise<string> {
      const old = `${run}-old`
      await bench.submit(old, dags)
      await others.stopRun(old, { reason: 'stopped', by: 'me', at: 1, error: null })
      return old
    }

    it('is refused when another one took its turn in between, and leaves nothing that will be run', async () => {
      const old = await stoppedRun()
      hooked.once('runs', 'updateOne', async send => {
        await bench.submit(`${run}-other`, dags, { retryOf: old })
        return send()
      })
      await refused(submit(hooked.context, newRun(`${run}-new`, dags, { retryOf: old })), 'LF_RUN_RETRIED', /-other/)
      assert.deepEqual(await bench.states(`${run}-other`), { a: 'ready' })
      await others.settle(100)
      await others.settle(100)
      assert.deepEqual(
        [await others.run(`${run}-new`), await hooked.raw.tasks.countDocuments({ run: `${run}-new` })],
        [undefined, 0],
      )
    })

    it('does not wait for one that died before it was published, which cannot come back', async () => {
      const old = await stoppedRun()
      const dead = newRun(`${run}-dead`, dags, { retryOf: old })
      hooked.once('runs', 'updateOne', async send => {
        hooked.once('runs', 'updateOne', () => {
          throw new Error('died here')
        })
        return send()
      })
      await assert.rejects(submit(hooked.context, dead), /died here/)
      await bench.submit(`${run}-new`, dags, { retryOf: old })
      assert.deepEqual(await bench.states(`${run}-new`), { a: 'ready' })
      await refused(submit(hooked.context, dead), 'LF_RUN_EXISTS')
      assert.equal(await others.run(dead.id), undefined)
    })

    it('lets run what a task that stopped itself wanted to run, though nobody lived to tell it', async () => {
      const two = [dagPlan('main', ['a', 'b'], ['a>b'])]
      const old = `${run}-old`
      await bench.submit(old, two)
      const { claim } = await bench.claim('s', id(old, 'a'))
      hooked.once('tasks', 'bulkWrite', () => {
        throw new Error('died here')
      })
      const stopped = { ...DONE, outcome: 'stopped', skipSuccessors: false } as const
      await assert.rejects(complete(hooked.context, claim, stopped), /died here/)
      await others.stopRun(old, { reason: 'stopped', by: 'me', at: 1, error: null })
      assert.equal(await bench.runState(old), 'stopped')
      await bench.submit(`${run}-new`, two, { retryOf: old })
      assert.deepEqual(await bench.states(`${run}-new`), { a: 'stopped', b: 'ready' })
    })
  })

  describe('a claim', () => {
    it('is known as won when its first try lands only after the repetition has looked', async () => {
      let land: () => Promise<unknown> = async () => {}
      hooked.once('tasks', 'replaceOne', send => {
        land = send
        hooked.once('tasks', 'replaceOne', async sendAgain => {
          await land()
          return sendAgain()
        })
        throw new MongoNetworkError('connection closed')
      })
      const request = { task: id(run, 'a'), claimId: systemRandom.hex(16) }
      const won = await claimAll(hooked.context, session, [request])
      assert.deepEqual(
        won.map(({ claim }) => claim.claimId),
        [request.claimId],
      )
    })

    const stop = { reason: 'stopped', by: 'me', at: 1, error: null } as const
    const claimHere = async (name: string) =>
      claimAll(hooked.context, session, [{ task: id(run, name), claimId: systemRandom.hex(16) }])

    it('of what waits for the first time in a DAG that was seen to run looks at neither run nor DAG: whoever stops them meets it', async () => {
      assert.equal((await claimHere('a')).length, 1)
      await peekReady(hooked.context, ['task'], 100)
      hooked.sent.length = 0
      hooked.once('tasks', 'replaceOne', async send => {
        await others.stopRun(run, stop)
        return send()
      })
      assert.deepEqual(await claimHere('b'), [])
      assert.deepEqual(
        hooked.sent.filter(sent => /runs|dags/.test(sent)),
        [],
      )
      assert.deepEqual(await bench.states(run), { a: 'claimed', b: 'cancelled' })
    })

    it('of what was given back behind the back of a stop is taken back, though the DAG was seen to run', async () => {
      assert.equal((await claimHere('a')).length, 1)
      await others.release(await holdOf('b'), GIVE_BACK)
      // As far as a stop has come before it cancels what waits.
      await hooked.raw.runs.updateOne({ _id: run }, { $set: { stop }, $inc: { rev: 1 } })
      assert.deepEqual(await claimHere('b'), [])
      assert.equal(await bench.state(id(run, 'b')), 'cancelled')
    })

    it('that ended here is known as lost without a look', async () => {
      const [held] = await claimHere('a')
      assert.ok(held)
      assert.deepEqual(await verify(hooked.context, [held.claim]), ['current'])
      await complete(hooked.context, held.claim, DONE)
      hooked.sent.length = 0
      assert.deepEqual(await verify(hooked.context, [held.claim]), ['lost'])
      assert.deepEqual(hooked.sent, [])
    })

    it('does not take a task of which another version has the same number', async () => {
      const { tasks } = hooked.raw
      hooked.once('tasks', 'replaceOne', async send => {
        // What a step-down does that rolls back what was read, and lets another change have its number.
        await tasks.updateOne({ _id: id(run, 'a') }, { $set: { state: 'lost', token: 'another' } })
        return send()
      })
      const request = { task: id(run, 'a'), claimId: systemRandom.hex(16) }
      assert.deepEqual(await claimAll(hooked.context, session, [request]), [])
      assert.equal(await bench.state(id(run, 'a')), 'lost')
    })
  })

  describe('a completion', () => {
    const two = [dagPlan('main', ['a', 'b'], ['a>b'])]
    const handOn = (claimId: string) =>
      ({ session: 's', queues: ['task'], claimIds: [claimId], choice: 'successors' }) as const
    const stop = { reason: 'stopped', by: 'me', at: 1, error: null } as const

    /** `a` of a new run, claimed by the process that completes it. */
    async function heldHere(dags = two, priority = 0): Promise<Claim> {
      run = systemRandom.hex(4)
      await bench.submit(run, dags, { priority })
      const [held] = await claimAll(hooked.context, session, [{ task: id(run, 'a'), claimId: systemRandom.hex(16) }])
      assert.ok(held)
      return held.claim
    }

    const turns = [dagPlan('main', ['a', { name: 'b', queue: 'other' }, 'c'], ['a>b', 'b>c'])]
    const passOn = (claimId: string): HandOn => {
      const to = [{ session: `other-${run}`, places: 1 }]
      return { ...handOn('unused'), claimIds: [], passOn: { claimIds: [claimId], to } }
    }
    /** `b`, which only another session serves, claimed for it by the completion of `a`. */
    async function passedOn(): Promise<string> {
      const first = await heldHere(turns)
      const other = `other-${run}`
      await bench.session(other, { queues: ['other'] })
      await complete(hooked.context, first, { ...DONE, out: payload('x') }, passOn(systemRandom.hex(16)))
      return other
    }

    it('that changes the peer takes two writes and two reads', async () => {
      const first = await heldHere(turns)
      const other = `other-${run}`
      await bench.session(other, { queues: ['other'] })
      const { known } = hooked.context
      await Promise.all(['s', other].map(one => hooked.context.session(one)))
      known.foreseen.set(id(run, 'b'), (await hooked.raw.tasks.findOne({ _id: id(run, 'b') }))!)
      await hooked.context.strikeOffs.flush()
      hooked.sent.length = 0
      const { passedOn } = await complete(hooked.context, first, DONE, passOn(systemRandom.hex(16)))
      const found = await passedTo(hooked.context, other, [])
      assert.deepEqual([passedOn.length, found.length], [1, 1])
      assert.deepEqual(hooked.sent, ['tasks replaceOne', 'tasks aggregate', 'tasks bulkWrite', 'tasks find'])
    })

    it('gives the input along with a task that it claims for another', async () => {
      const other = await passedOn()
      const [found] = await others.passedTo(other, [])
      assert.deepEqual(
        found?.inputs.map(({ task, epoch, payload: { inline } }) => [task, epoch, inline]),
        [['a', 1, payload('x').inline]],
      )
      assert.equal((await others.complete(found.claim, DONE)).accepted, true)
      assert.equal((await hooked.raw.tasks.findOne({ _id: id(run, 'b') }))?.given, undefined)
    })

    it('does not show a task to its session that has completed it, whatever a deposed primary tells', async () => {
      const other = await passedOn()
      const before = await hooked.raw.tasks.findOne({ _id: id(run, 'b') })
      const [found] = await passedTo(hooked.context, other, [])
      await complete(hooked.context, found!.claim, DONE)
      await hooked.raw.tasks.replaceOne({ _id: id(run, 'b') }, before!)
      assert.deepEqual(await passedTo(hooked.context, other, []), [])
    })

    it('makes a task ready that was to be claimed for another and changed meanwhile', async () => {
      const first = await heldHere(turns)
      await bench.session(`other-${run}`, { queues: ['other'] })
      hooked.once('tasks', 'bulkWrite', async send => {
        await hooked.raw.tasks.updateOne({ _id: id(run, 'b') }, { $inc: { rev: 1 } })
        return send()
      })
      const { passedOn, ready } = await complete(hooked.context, first, DONE, passOn(systemRandom.hex(16)))
      assert.deepEqual([passedOn.length, ready.length], [0, 1])
      assert.deepEqual(await bench.states(run), { a: 'done', b: 'ready', c: 'blocked' })
    })

    const chain = [dagPlan('main', ['a', 'b', 'c', 'd'], ['a>b', 'b>c', 'c>d'])]

    it('takes two commands in the middle of a chain', async () => {
      const first = await heldHere(chain)
      const { handedOn } = await complete(hooked.context, first, DONE, handOn(systemRandom.hex(16)))
      hooked.sent.length = 0
      const { clock, known } = hooked.context
      known.noteUrgency(['task'], 0, clock.monotonicMs())
      await complete(hooked.context, handedOn[0]!.claim, DONE, handOn(systemRandom.hex(16)))
      assert.deepEqual(hooked.sent, ['tasks bulkWrite', 'tasks bulkWrite'])
      assert.equal(await bench.state(id(run, 'c')), 'claimed')
    })

    it('makes the next of a chain ready that changed since it was foreseen', async () => {
      const first = await heldHere(chain)
      const { handedOn } = await complete(hooked.context, first, DONE, handOn(systemRandom.hex(16)))
      await hooked.raw.tasks.updateOne({ _id: id(run, 'c') }, { $inc: { rev: 1 } })
      const second = await complete(hooked.context, handedOn[0]!.claim, DONE, handOn(systemRandom.hex(16)))
      assert.deepEqual([second.handedOn.length, second.ready.length], [0, 1])
      assert.deepEqual(await bench.states(run), { a: 'done', b: 'done', c: 'ready', d: 'blocked' })
    })

    it('takes few commands together with others that come at the same time', async () => {
      const names = Array.from({ length: 20 }, (_, index) => `t${index}`)
      run = systemRandom.hex(4)
      await bench.submit(run, [dagPlan('main', [...names, 'last'], [])])
      const requests = names.map(name => ({ task: id(run, name), claimId: systemRandom.hex(16) }))
      const held = await claimAll(hooked.context, session, requests)
      hooked.sent.length = 0
      const ended = await Promise.all(held.map(({ claim }) => complete(hooked.context, claim, DONE)))
      assert.ok(ended.every(({ accepted, dagEnded }) => accepted && dagEnded === null))
      assert.ok(hooked.sent.length <= 8, hooked.sent.join(', '))
      assert.deepEqual(await others.taskCounts(run), { done: 20, ready: 1 })
    })

    it('notes that its run was stopped just before it was written', async () => {
      const claim = await heldHere()
      hooked.once('tasks', 'replaceOne', async send => {
        await others.stopRun(run, stop)
        return send()
      })
      assert.equal((await complete(hooked.context, claim, DONE)).accepted, true)
      assert.equal((await others.task(claim.task))?.afterStop, true)
      assert.deepEqual(await bench.states(run), { a: 'done', b: 'cancelled' })
      assert.equal(await bench.runState(run), 'stopped')
    })

    it('is refused when the claim is lost just before it is written', async () => {
      const claim = await heldHere()
      hooked.once('tasks', 'replaceOne', async send => {
        await others.release(claim, GIVE_BACK)
        return send()
      })
      assert.equal((await complete(hooked.context, claim, DONE)).accepted, false)
      assert.deepEqual(await bench.states(run), { a: 'ready', b: 'blocked' })
    })

    it('makes a successor ready that changed while it was to be claimed', async () => {
      const claim = await heldHere()
      hooked.once('tasks', 'bulkWrite', async send => {
        await hooked.raw.tasks.updateOne({ _id: id(run, 'b') }, { $inc: { rev: 1 } })
        return send()
      })
      const { handedOn, ready } = await complete(hooked.context, claim, DONE, handOn(systemRandom.hex(16)))
      assert.deepEqual([handedOn.length, ready.map(task => task.id)], [0, [id(run, 'b')]])
      assert.deepEqual(await bench.states(run), { a: 'done', b: 'ready' })
    })

    it('claims no successor of a run that is stopped in between', async () => {
      const claim = await heldHere()
      hooked.once('tasks', 'bulkWrite', async send => {
        await others.stopRun(run, stop)
        return send()
      })
      const { handedOn } = await complete(hooked.context, claim, DONE, handOn(systemRandom.hex(16)))
      assert.deepEqual([handedOn, await bench.states(run)], [[], { a: 'done', b: 'cancelled' }])
      await hooked.context.strikeOffs.flush()
      await others.settle(10)
      await others.settle(10)
      assert.equal(await bench.runState(run), 'stopped')
    })

    it('is known as done when its first try lands and is not answered', async () => {
      const claim = await heldHere()
      hooked.once('tasks', 'replaceOne', async send => {
        await send()
        throw new MongoNetworkError('connection closed')
      })
      const { accepted, handedOn } = await complete(hooked.context, claim, DONE, handOn(systemRandom.hex(16)))
      assert.deepEqual([accepted, handedOn.length], [true, 1])
    })

    it('goes on with a successor whose claim lands and is not answered', async () => {
      const claim = await heldHere()
      hooked.once('tasks', 'bulkWrite', async send => {
        await send()
        throw new MongoNetworkError('connection closed')
      })
      const { handedOn } = await complete(hooked.context, claim, DONE, handOn(systemRandom.hex(16)))
      assert.deepEqual(
        handedOn.map(({ claim: { task } }) => task),
        [id(run, 'b')],
      )
    })

    it('keeps what it won of tasks that others claimed at the same time, and begins elsewhere the next time', async () => {
      const { known, clock } = hooked.context
      // Claims that a test before lost make this one, too, begin at a random place.
      await eventually(() => !known.isContended(clock.monotonicMs()))
      const claim = await heldHere([dagPlan('main', ['a', 'b', 'c', 'd'], [])], 10)
      hooked.once('tasks', 'bulkWrite', async send => {
        await holdOf('b')
        hooked.sent.length = 0
        return send()
      })
      const aheadIds = [systemRandom.hex(16), systemRandom.hex(16)]
      const { handedOn } = await complete(hooked.context, claim, DONE, { ...handOn(''), claimIds: [], aheadIds })
      assert.deepEqual(
        handedOn.map(({ claim: { task } }) => task),
        [id(run, 'c')],
      )
      assert.equal(hooked.sent[0], 'tasks find')
      assert.deepEqual(await bench.states(run), { a: 'done', b: 'claimed', c: 'claimed', d: 'ready' })
      assert.equal(known.isContended(clock.monotonicMs()), true)
    })

    it('is struck off a moment later, though no other one follows', async () => {
      const claim = await heldHere()
      await complete(hooked.context, claim, DONE)
      const { tasks } = hooked.raw
      await eventually(async () => (await tasks.findOne({ _id: claim.task }))?.todo === undefined)
      assert.equal(await bench.state(id(run, 'b')), 'ready')
    })
  })

  describe('a claim of what was seen a moment ago', () => {
    it('is won although the task changed since', async () => {
      const { peekReady } = await import('../../../src/ledger/mongo/ready-tasks.ts')
      await peekReady(hooked.context, ['task'], 1000)
      await others.release(await holdOf('a'), GIVE_BACK)
      const request = { task: id(run, 'a'), claimId: systemRandom.hex(16) }
      assert.equal((await claimAll(hooked.context, session, [request])).length, 1)
    })
  })

  describe('a write to the store', () => {
    it('is refused when the claim is lost after it was checked, and leaves nothing', async () => {
      const first = await holdOf('a')
      await write(first, set('before'))
      hooked.once('heads', 'updateOne', async send => {
        await others.release(first, GIVE_BACK)
        return send()
      })
      await refused(write(first, set('late')), 'LF_CLAIM_LOST')
      assert.equal(await stored(), 'before')
      await others.storeWrite(await holdOf('a'), set('next'))
      assert.equal(await stored(), 'next')
    })

    it('is refused in the same way when it is the first one there', async () => {
      const claim = await holdOf('a')
      hooked.once('heads', 'insertOne', async send => {
        await others.release(claim, GIVE_BACK)
        return send()
      })
      await refused(write(claim, push(1)), 'LF_CLAIM_LOST')
      assert.equal(await stored(), undefined)
    })

    it('that its writer left proposed is carried out by the next one while the claim holds', async () => {
      const [one, two] = [await holdOf('a'), await holdOf('b')]
      hooked.once('tasks', 'updateOne', () => {
        throw new Error('the process dies here')
      })
      await assert.rejects(write(one, push(1), 'operation'))
      await others.storeWrite(two, push(2))
      assert.deepEqual(await stored(), [1, 2])
      await write(one, push(1), 'operation')
      assert.deepEqual(await stored(), [1, 2])
    })

    it('that was decided stays, although its writer died and the claim is lost', async () => {
      const [one, two] = [await holdOf('a'), await holdOf('b')]
      hooked.once('leaves', 'bulkWrite', () => {
        throw new Error('the process dies here')
      })
      await assert.rejects(write(one, push(1)))
      await others.release(one, GIVE_BACK)
      await others.storeWrite(two, push(2))
      assert.deepEqual(await stored(), [1, 2])
    })

    it('that was only proposed is struck off when the claim is lost', async () => {
      const [one, two] = [await holdOf('a'), await holdOf('b')]
      hooked.once('tasks', 'updateOne', () => {
        throw new Error('the process dies here')
      })
      await assert.rejects(write(one, push(1)))
      await others.release(one, GIVE_BACK)
      await others.storeWrite(two, push(2))
      assert.deepEqual(await stored(), [2])
    })

    it('does not hide a result that is recorded at the same time', async () => {
      const claim = await holdOf('a')
      hooked.once('tasks', 'replaceOne', async send => {
        await others.storeWrite(claim, push(1))
        return send()
      })
      const { changeTask } = await import('../../../src/ledger/mongo/change-task.ts')
      await changeTask(hooked.context, claim.task, task => task && { task: { ...task, progress: 1 } as typeof task })
      assert.equal((await hooked.raw.tasks.findOne({ _id: claim.task }))?.wrote?.length, 1)
    })

    it('deletes however many values there are by a small change', async () => {
      const claim = await holdOf('a')
      const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`n${index}`, index]))
      await write(claim, set({ deep: many }))
      let sizeBytes = 0
      hooked.once('heads', 'updateOne', (send, args) => {
        sizeBytes = JSON.stringify(args).length
        return send()
      })
      await write(claim, set({ deep: { n5: 'new' }, other: 1 }))
      assert.ok(sizeBytes < 2000, `the change has ${sizeBytes} bytes`)
      assert.deepEqual(await stored(), { deep: { n5: 'new' }, other: 1 })
    })
  })

  describe('a DAG that a task starts', () => {
    const start = (claim: Claim) => startDag(hooked.context, { claim, blueprint: 'sub', starterKey: 'k', data: null })

    it('is started anew when an attempt that lost its claim takes the copy away', async () => {
      const claim = await holdOf('a')
      hooked.once('edges', 'insertMany', send => send())
      hooked.once('tasks', 'insertMany', async send => {
        await voidCopies()
        return send()
      })
      assert.equal(await start(claim), 'sub:2')
      assert.deepEqual(await others.dagStates(run, ['sub:1', 'sub:2']), [undefined, 'running'])
      assert.deepEqual((await others.tasks(run)).map(task => task.dag).sort(), ['main:1', 'main:1', 'sub:2'])
    })

    it('shows no tasks of a copy that was given up, also when they come late', async () => {
      const claim = await holdOf('a')
      hooked.once('tasks', 'insertMany', async send => {
        await send()
        await voidCopies(false)
        throw new Error('the process dies here')
      })
      await assert.rejects(start(claim))
      assert.deepEqual(await others.taskCounts(run), { claimed: 1, ready: 1 })
      assert.equal((await others.tasks(run)).length, 2)
    })

    /** As a late attempt does that finds its claim lost. */
    async function voidCopies(withParts = true): Promise<void> {
      const { dags, tasks } = hooked.raw
      const gone = { state: 'void' as const, origin: `void\n${run}`, by: 'another' }
      await dags.updateMany({ run, state: 'preparing' }, { $set: gone, $unset: { todo: '' } })
      if (withParts) await tasks.deleteMany({ run, dag: 'sub:1' })
    }
  })

  describe('a submission', () => {
    it('that was given up is not published by who comes back late', async () => {
      const { submit } = await import('../../../src/ledger/mongo/submit.ts')
      const { newRun } = await import('../contract/bench.ts')
      const late = `${run}-late`
      hooked.once('runs', 'updateOne', async send => {
        await hooked.raw.runs.updateOne({ _id: late, todo: 'submit' }, { $set: { todo: 'discard' } })
        await others.settle(10)
        await others.settle(10)
        return send()
      })
      await refused(submit(hooked.context, newRun(late, [dagPlan('main', ['a'])])), 'LF_RUN_EXISTS', /new run id/)
      assert.equal(await others.run(late), undefined)
      const { tasks, dags, blueprints, edges } = hooked.raw
      for (const parts of [tasks, dags, blueprints, edges]) {
        assert.equal(await (parts as typeof tasks).countDocuments({ run: late }), 0)
      }
    })
  })
}
