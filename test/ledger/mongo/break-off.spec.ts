import assert from 'node:assert/strict'
import { systemRandom } from '../../../src/core/random.ts'
import type { Claim } from '../../../src/lease/records.ts'
import type { Ended, Ledger } from '../../../src/ledger/ledger.ts'
import { Bench, DONE, dagPlan, HandClock, newRun, payload } from '../contract/bench.ts'
import { MONGODB_URI } from './temporary-database.ts'
import { MONGODB_CONTROL, TestBed } from './test-bed.ts'
import { openSeveral } from './with-faults.ts'

const COMMANDS = ['find', 'aggregate', 'insert', 'update', 'delete', 'findAndModify']
/** An error that is not repeated by anybody: as if the process had died there. */
const BROKEN = 8
const MAX_STEPS = 60

const server = MONGODB_URI
const control = MONGODB_CONTROL
if (server !== undefined && control !== undefined) {
  describe('an operation that breaks off at any of its steps', function () {
    this.timeout(60_000)
    suite(server, new TestBed(control))
  })
}

function suite(server: string, bed: TestBed): void {
  let first: Ledger
  let second: Ledger
  let bench: Bench
  let close: () => Promise<void>

  before(async () => {
    const opened = await openSeveral(server, 2)
    const [one, two] = opened.ledgers
    first = one
    second = two ?? one
    close = opened.close
    bench = new Bench(first, { clock: new HandClock(), random: systemRandom })
    await bench.session('s', { capacity: 1000 })
  })

  after(async () => {
    await bed.reset()
    await close?.()
  })

  /** Plays `act` again and again in a new run, broken off at its first step, its second, and so on until it comes through. */
  async function atEachStep(
    prepare: (run: string) => Promise<() => Promise<unknown>>,
    check: (run: string, story: string) => Promise<void>,
  ): Promise<void> {
    const prefix = systemRandom.hex(4)
    for (let step = 0; ; step++) {
      assert.ok(step < MAX_STEPS, 'it never comes through')
      const run = `${prefix}-${step}`
      const act = await prepare(run)
      await bed.fail({ command: COMMANDS, mode: 'error', code: BROKEN, skip: step, times: 1 })
      const error = await act().then(
        () => null,
        (error: { code?: string }) => error,
      )
      await bed.reset()
      if (error !== null) assert.equal(error.code, 'LF_LEDGER_REFUSED')
      await check(run, `broken off at step ${step}`)
      if (error === null) return
    }
  }

  /** What is unfinished is left alone at the first look. */
  async function settle(onEnded?: (ended: Ended) => void): Promise<void> {
    await second.settle(100, undefined, onEnded)
    await second.settle(100, undefined, onEnded)
  }

  async function states(run: string): Promise<Record<string, string>> {
    return bench.states(run)
  }

  it('leaves no submission visible that is not whole, and it can be repeated', async () => {
    const submission = (run: string) =>
      newRun(run, [dagPlan('main', ['a', 'b'], ['a>b']), dagPlan('other', [])], { args: { folder: '/data' } })
    await atEachStep(
      async run => () => first.submit(submission(run)),
      async (run, story) => {
        if ((await second.run(run)) === undefined) {
          assert.deepEqual(await second.tasks(run), [], story)
          assert.equal((await bench.readyIds()).filter(id => id.startsWith(run)).length, 0, story)
          await second.submit(submission(run))
        } else {
          await settle()
        }
        assert.deepEqual(await states(run), { a: 'ready', b: 'blocked' }, story)
        assert.equal(await second.storeGet(run, 'data', 'folder'), '/data', story)
        assert.deepEqual(await second.dagStates(run, ['main:1', 'other:1']), ['running', 'succeeded'], story)
        await second.stopRun(run, { reason: 'stopped', by: 'test', at: 1, error: null })
      },
    )
  })

  it('leaves no retry visible that is not whole, and it can be repeated', async () => {
    const dags = [dagPlan('main', ['a', 'b', 'c'], ['a>b', 'b>c']), dagPlan('sub', ['x'], [], false)]
    const again = (run: string) => newRun(`${run}-again`, dags, { retryOf: run })
    await atEachStep(
      async run => {
        await bench.submit(run, dags)
        const { claim } = await bench.claim('s', `${run}/main:1/a`)
        await first.storeWrite(claim, { kind: 'set', section: 'data', path: 'x.y', value: 1 })
        await first.startDag({ claim, blueprint: 'sub', starterKey: 'k', data: null })
        await first.complete(claim, DONE)
        await bench.run('s', `${run}/main:1/b`, { outcome: 'failed' })
        return () => first.submit(again(run))
      },
      async (old, story) => {
        const { id: run } = again(old)
        if ((await second.run(run)) === undefined) {
          assert.deepEqual(await second.tasks(run), [], story)
          assert.equal((await bench.readyIds()).filter(id => id.startsWith(run)).length, 0, story)
          await second.submit(again(old))
        } else {
          await settle()
        }
        assert.deepEqual(await states(run), { a: 'done', b: 'ready', c: 'blocked' }, story)
        assert.deepEqual(await bench.states(run, 'sub:1'), { x: 'ready' }, story)
        assert.deepEqual(await second.dagsStartedBy(`${run}/main:1/a`), ['sub:1'], story)
        assert.equal(await second.storeGet(run, 'data', 'x.y'), 1, story)
        await second.stopRun(run, { reason: 'stopped', by: 'test', at: 1, error: null })
      },
    )
  })

  it('tells the successors of a task that is done', async () => {
    const claims = new Map<string, Claim>()
    await atEachStep(
      async run => {
        const edges = ['a>b', 'a>c', 'b>d', 'c>d']
        await bench.submit(run, [dagPlan('main', ['a', 'b', 'c', 'd'], edges)])
        const { claim } = await bench.claim('s', `${run}/main:1/a`)
        claims.set(run, claim)
        return () => first.complete(claim, { ...DONE, limit: ['b'] })
      },
      async (run, story) => {
        await settle()
        // A first step that broke off has recorded nothing: the caller repeats it, as it would after every failure.
        if ((await states(run)).a === 'claimed') await first.complete(claims.get(run)!, { ...DONE, limit: ['b'] })
        assert.deepEqual(await states(run), { a: 'done', b: 'ready', c: 'skipped', d: 'blocked' }, story)
        await bench.run('s', `${run}/main:1/b`)
        const { runEnded } = await bench.run('s', `${run}/main:1/d`)
        assert.equal(runEnded, 'succeeded', story)
      },
    )
  })

  it('ends the run of the last task, and tells whoever carries that out', async () => {
    const claims = new Map<string, Claim>()
    const told: Ended[] = []
    await atEachStep(
      async run => {
        await bench.submit(run, [dagPlan('main', ['a'])], { keepData: false, args: { x: 1 } })
        const { claim } = await bench.claim('s', `${run}/main:1/a`)
        claims.set(run, claim)
        return () => first.complete(claim, DONE)
      },
      async (run, story) => {
        await settle(ended => told.push(ended))
        await first.complete(claims.get(run)!, DONE)
        await settle()
        assert.equal(await bench.runState(run), 'succeeded', story)
        assert.equal(await second.storeGet(run, 'data', 'x'), undefined, story)
      },
    )
    assert.ok(told.some(({ dagEnded, runEnded }) => dagEnded === 'main:1' && runEnded === 'succeeded'))
  })

  it('stops the run of a task that failed', async () => {
    const claims = new Map<string, Claim>()
    await atEachStep(
      async run => {
        await bench.submit(run, [dagPlan('main', ['a', 'b'], ['a>b']), dagPlan('other', ['x'])])
        const { claim } = await bench.claim('s', `${run}/main:1/a`)
        claims.set(run, claim)
        return () => first.complete(claim, { ...DONE, outcome: 'failed' })
      },
      async (run, story) => {
        await settle()
        await first.complete(claims.get(run)!, { ...DONE, outcome: 'failed' })
        await settle()
        assert.deepEqual(await states(run), { a: 'failed', b: 'cancelled' }, story)
        assert.equal(await bench.runState(run), 'failed', story)
        assert.deepEqual(await second.dagStates(run, ['main:1', 'other:1']), ['failed', 'stopped'], story)
      },
    )
  })

  it('starts a DAG once, or not at all when the starter does not come back', async () => {
    const claims = new Map<string, Claim>()
    let turn = 0
    await atEachStep(
      async run => {
        await bench.submit(run, [dagPlan('main', ['a']), dagPlan('sub', ['x'], [], false)])
        const { claim } = await bench.claim('s', `${run}/main:1/a`)
        claims.set(run, claim)
        return () => first.startDag({ claim, blueprint: 'sub', starterKey: 'k', data: null })
      },
      async (run, story) => {
        const claim = claims.get(run)!
        turn += 1
        if (turn % 2 === 0) {
          const name = await second.startDag({ claim, blueprint: 'sub', starterKey: 'k', data: null })
          assert.equal((await second.dags(run)).length, 2, story)
          await bench.run('s', `${run}/${name}/x`)
        }
        await first.complete(claim, DONE)
        await settle()
        for (const { name } of (await second.dags(run)).filter(({ state }) => state === 'running')) {
          await bench.run('s', `${run}/${name}/x`)
        }
        assert.equal(await bench.runState(run), 'succeeded', story)
      },
    )
  })

  it('cancels what waits in a run that was stopped', async () => {
    await atEachStep(
      async run => {
        await bench.submit(run, [dagPlan('main', ['a', 'b'], ['a>b']), dagPlan('other', ['x'])])
        return () => first.stopRun(run, { reason: 'stopped', by: 'test', at: 1, error: null })
      },
      async (run, story) => {
        await settle()
        if ((await second.run(run))?.stop === null) {
          await second.stopRun(run, { reason: 'stopped', by: 'test', at: 1, error: null })
        }
        assert.equal(await bench.runState(run), 'stopped', story)
        assert.deepEqual(await second.taskCounts(run), { cancelled: 3 }, story)
      },
    )
  })

  /** `b` holds its claim and cannot have what `a` left. */
  async function atLossOf(run: string) {
    await bench.submit(run, [dagPlan('main', ['a', 'b'], ['a>b'])])
    await bench.run('s', `${run}/main:1/a`, { out: payload('first', ['far']) })
    const { claim, inputs } = await bench.claim('s', `${run}/main:1/b`)
    const loss = {
      inputs: inputs.map(({ task, epoch }) => ({ task, epoch })),
      error: { code: 'LOST', message: 'lost' },
    }
    return { claim, loss }
  }

  it('makes again what was lost, and lets go who waits for it', async () => {
    const lost = new Map<string, Awaited<ReturnType<typeof atLossOf>>>()
    await atEachStep(
      async run => {
        const { claim, loss } = await atLossOf(run)
        lost.set(run, { claim, loss })
        return () => first.loseInputs(claim, loss)
      },
      async (run, story) => {
        await settle()
        const { claim, loss } = lost.get(run)!
        if ((await states(run)).b === 'claimed') await first.loseInputs(claim, loss)
        assert.deepEqual(await states(run), { a: 'ready', b: 'blocked' }, story)
        await bench.run('s', `${run}/main:1/a`, { out: payload('second', ['far']) })
        const { runEnded } = await bench.run('s', `${run}/main:1/b`)
        assert.equal(runEnded, 'succeeded', story)
      },
    )
  })

  it('leaves nothing open when the run is stopped before that is carried out', async () => {
    await atEachStep(
      async run => {
        const { claim, loss } = await atLossOf(run)
        return () => first.loseInputs(claim, loss)
      },
      async (run, story) => {
        await second.stopRun(run, { reason: 'stopped', by: 'test', at: 1, error: null })
        if ((await states(run)).b === 'claimed') {
          await second.release(
            (await second.claimsOf('s')).find(({ task }) => task.startsWith(run))!,
            {
              reason: 'test',
              notBefore: null,
              uncounted: true,
            },
          )
        }
        await settle()
        await settle()
        assert.equal(await bench.runState(run), 'stopped', story)
        assert.equal((await states(run)).b, 'cancelled', story)
      },
    )
  })

  it('lets go who waits for what was made again', async () => {
    const claims = new Map<string, Claim>()
    await atEachStep(
      async run => {
        const { claim: lost, loss } = await atLossOf(run)
        await first.loseInputs(lost, loss)
        const { claim } = await bench.claim('s', `${run}/main:1/a`)
        claims.set(run, claim)
        return () => first.complete(claim, { ...DONE, out: payload('second', ['far']) })
      },
      async (run, story) => {
        await settle()
        const result = { ...DONE, out: payload('second', ['far']) }
        if ((await states(run)).a === 'claimed') await first.complete(claims.get(run)!, result)
        assert.deepEqual(await states(run), { a: 'done', b: 'ready' }, story)
        assert.equal((await bench.run('s', `${run}/main:1/b`)).runEnded, 'succeeded', story)
      },
    )
  })

  it('puts a claimed task aside whose input is being made again', async () => {
    await atEachStep(
      async run => {
        await bench.submit(run, [dagPlan('main', ['a', 'b', 'c'], ['a>b', 'a>c'])])
        await bench.run('s', `${run}/main:1/a`, { out: payload('first', ['far']) })
        const { claim, inputs } = await bench.claim('s', `${run}/main:1/b`)
        const lost = inputs.map(({ task, epoch }) => ({ task, epoch }))
        await first.loseInputs(claim, { inputs: lost, error: { code: 'LOST', message: 'lost' } })
        return () => first.claim('s', [{ task: `${run}/main:1/c`, claimId: bench.nextClaimId() }])
      },
      async (run, story) => {
        await settle()
        for (const claim of await second.claimsOf('s')) {
          await second.release(claim, { reason: 'a stray', notBefore: null, uncounted: true })
        }
        await bench.run('s', `${run}/main:1/a`, { out: payload('second', ['far']) })
        assert.deepEqual(await states(run), { a: 'done', b: 'ready', c: 'ready' }, story)
        for (const name of ['b', 'c']) await bench.run('s', `${run}/main:1/${name}`)
        assert.equal(await bench.runState(run), 'succeeded', story)
      },
    )
  })

  it('writes to the store wholly or not at all', async () => {
    const claims = new Map<string, Claim>()
    const value = { a: 1, b: { c: 2, d: [3] } }
    await atEachStep(
      async run => {
        await bench.submit(run, [dagPlan('main', ['a'])])
        const { claim } = await bench.claim('s', `${run}/main:1/a`)
        claims.set(run, claim)
        await first.storeWrite(claim, { kind: 'set', section: 'data', path: 'x', value: { old: 0, b: 1 } })
        return () => first.storeWrite(claim, { kind: 'set', section: 'data', path: 'x', value })
      },
      async (run, story) => {
        const seen = await second.storeGet(run, 'data', 'x')
        assert.ok(
          JSON.stringify([{ b: 1, old: 0 }, value]).includes(JSON.stringify(seen)),
          `${story}: ${JSON.stringify(seen)}`,
        )
        await second.storeWrite(claims.get(run)!, { kind: 'set', section: 'data', path: 'x', value })
        assert.deepEqual(await first.storeGet(run, 'data', 'x'), value, story)
      },
    )
  })
}
