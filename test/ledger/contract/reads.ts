import assert from 'node:assert/strict'
import { DONE, dagPlan, id, newRun, refused, type Bench } from './bench.ts'

export function describeReads(bench: () => Bench): void {
  describe('bundles', () => {
    it('come back as they were put, however often', async () => {
      const { ledger } = bench()
      const bytes = new Uint8Array([0, 1, 255])
      await ledger.putBundle('h', bytes)
      await ledger.putBundle('h', bytes)
      assert.deepEqual(new Uint8Array((await ledger.getBundle('h')) ?? []), bytes)
      assert.equal(await ledger.getBundle('other'), undefined)
    })

    it('are refused when they are too large', async () => {
      await refused(bench().ledger.putBundle('h', new Uint8Array(40 * 1024 * 1024)), 'LF_VALUE_TOO_LARGE')
      assert.equal(await bench().ledger.getBundle('h'), undefined)
    })
  })

  describe('reads', () => {
    it('list runs newest first, by state, and no more than asked for', async () => {
      const { ledger, clock } = bench()
      for (const run of ['r1', 'r2', 'r3']) {
        await bench().submit(run, [dagPlan('main', ['a'])])
        clock.advance(1)
      }
      await ledger.stopRun('r2', { reason: 'stopped', by: 'me', at: 1, error: null })
      const ids = async (filter: Parameters<typeof ledger.runs>[0]) => (await ledger.runs(filter)).map(({ id }) => id)
      assert.deepEqual(await ids({ limit: 10 }), ['r3', 'r2', 'r1'])
      assert.deepEqual(await ids({ limit: 2 }), ['r3', 'r2'])
      assert.deepEqual(await ids({ states: ['running'], limit: 10 }), ['r3', 'r1'])
      assert.deepEqual(await ids({ states: ['stopped', 'failed'], limit: 10 }), ['r2'])
      assert.deepEqual(await ids({ states: [], limit: 10 }), [])
    })

    it('list the runs of one workflow, and those that nobody has stopped, however many others there are', async () => {
      const { ledger, clock } = bench()
      await bench().session('s')
      for (const run of ['old', 'r1', 'r2', 'r3']) {
        const { plan } = newRun(run, [dagPlan('main', ['a'])])
        await bench().submit(run, [], { plan: { ...plan, name: run === 'old' ? 'scan' : 'other' } })
        clock.advance(1)
      }
      await bench().claim('s', id('r2', 'a'))
      await ledger.stopRun('r2', { reason: 'stopped', by: 'me', at: 1, error: null })
      const ids = async (filter: Parameters<typeof ledger.runs>[0]) => (await ledger.runs(filter)).map(({ id }) => id)
      assert.deepEqual(await ids({ states: ['running'], workflow: 'scan', limit: 1 }), ['old'])
      assert.deepEqual(await ids({ workflow: 'other', limit: 2 }), ['r3', 'r2'])
      assert.deepEqual(await ids({ states: ['running'], unstopped: true, limit: 10 }), ['r3', 'r1', 'old'])
      assert.deepEqual(await ids({ states: ['running'], workflow: 'other', unstopped: true, limit: 10 }), ['r3', 'r1'])
    })

    it('list tasks in order of definition', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['z', 'a', 'm']), dagPlan('other', ['b', 'a'])])
      await bench().run('s', id('r', 'a'))
      const names = async (dag?: string) => (await ledger.tasks('r', dag)).map(({ name }) => name)
      assert.deepEqual(await names(), ['z', 'a', 'm', 'b', 'a'])
      assert.deepEqual(await names('main:1'), ['z', 'a', 'm'])
      assert.deepEqual(await names('nothing:1'), [])
      assert.deepEqual(await ledger.taskCounts('r'), { ready: 4, done: 1 })
      const head = await ledger.runHead('r')
      assert.deepEqual(await ledger.runProgress('r'), { head, counts: { ready: 4, done: 1 } })
    })

    it('tell of runs without their plans', async () => {
      const { ledger, clock } = bench()
      for (const run of ['r1', 'r2']) {
        await bench().submit(run, [dagPlan('main', ['a'])])
        clock.advance(1)
      }
      await ledger.stopRun('r1', { reason: 'stopped', by: 'me', at: 1, error: null })
      const { plan, ...rest } = (await ledger.run('r1'))!
      const { dags: _, ...planHead } = plan
      assert.deepEqual(await ledger.runHead('r1'), { ...rest, plan: planHead })
      const ids = async (filter: Parameters<typeof ledger.runHeads>[0]) =>
        (await ledger.runHeads(filter)).map(({ id }) => id)
      assert.deepEqual(await ids({ limit: 10 }), ['r2', 'r1'])
      assert.deepEqual(await ids({ limit: 1 }), ['r2'])
      assert.deepEqual(await ids({ states: ['running'], limit: 10 }), ['r2'])
      assert.deepEqual(await ids({ states: [], limit: 10 }), [])
    })

    it('tell how far each DAG copy is, and whether anything happened since', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a', 'b', 'c'], ['a>c', 'b>c']), dagPlan('other', ['x'])])
      const progress = async () => new Map((await ledger.dagProgress('r')).map(dag => [dag.dag, dag]))
      const before = await progress()
      assert.deepEqual(before.get('main:1')?.counts, { ready: 2, blocked: 1 })
      assert.deepEqual(before.get('other:1'), { dag: 'other:1', counts: { ready: 1 }, epochs: 0 })
      const { claim } = await bench().claim('s', id('r', 'a'))
      await ledger.release(claim, { reason: 'none', notBefore: null, uncounted: true })
      const after = await progress()
      assert.deepEqual(after.get('main:1')?.counts, { ready: 2, blocked: 1 })
      assert.ok(after.get('main:1')!.epochs > before.get('main:1')!.epochs, 'claimed and given back')
      assert.deepEqual(after.get('other:1'), before.get('other:1'))
    })

    it('tell state and epoch of the tasks of one DAG copy', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a', 'b'], ['a>b']), dagPlan('other', ['x'])])
      const { claim } = await bench().claim('s', id('r', 'a'))
      const standings = (await ledger.taskStates('r', 'main:1')).toSorted((one, other) => (one.id < other.id ? -1 : 1))
      assert.deepEqual(standings, [
        { id: id('r', 'a'), state: 'claimed', epoch: claim.epoch },
        { id: id('r', 'b'), state: 'blocked', epoch: 0 },
      ])
      assert.deepEqual(await ledger.taskStates('x', 'main:1'), [])
    })

    it('find the tasks of a run in given states, no more than asked for', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['z', 'a', 'm'])])
      await bench().submit('r2', [dagPlan('main', ['other'])])
      await bench().run('s', id('r', 'a'))
      await bench().claim('s', id('r', 'm'))
      const names = async (...args: Parameters<typeof ledger.tasksIn>) =>
        (await ledger.tasksIn(...args)).map(({ name }) => name)
      assert.deepEqual(await names('r', ['ready', 'claimed'], 10), ['z', 'm'])
      assert.deepEqual(await names('r', ['ready', 'claimed'], 1), ['z'])
      assert.deepEqual(await names('r', ['lost'], 10), [])
      assert.deepEqual(await names('r', [], 10), [])
      const [task] = await ledger.tasksIn('r', ['done'], 10)
      assert.deepEqual(task, await ledger.task(id('r', 'a')))
    })

    it('know nothing of what does not exist', async () => {
      const { ledger } = bench()
      assert.equal(await ledger.run('x'), undefined)
      assert.equal(await ledger.task('x'), undefined)
      assert.deepEqual(await ledger.dags('x'), [])
      assert.deepEqual(await ledger.tasks('x'), [])
      assert.deepEqual(await ledger.taskCounts('x'), {})
      assert.equal(await ledger.runHead('x'), undefined)
      assert.equal(await ledger.runProgress('x'), undefined)
      assert.deepEqual(await ledger.dagProgress('x'), [])
      assert.deepEqual(await ledger.tasksIn('x', ['ready'], 10), [])
      assert.deepEqual(await ledger.dagsStartedBy('x'), [])
      assert.deepEqual(await ledger.dagStates('x', ['y']), [undefined])
      assert.deepEqual(await ledger.claimsOf('x'), [])
      assert.deepEqual(await ledger.backlog(), {})
    })

    it('cannot be used to change what the ledger knows', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a'])])
      const task = await ledger.task(id('r', 'a'))
      const claimed = await bench().claim('s', id('r', 'a'))
      Object.assign(task ?? {}, { state: 'done' })
      claimed.task.state = 'done'
      claimed.task.history.length = 0
      assert.equal((await ledger.task(id('r', 'a')))?.history.length, 1)
      assert.equal(await bench().state(id('r', 'a')), 'claimed')
    })

    it('are refused once the ledger is closed', async () => {
      const { ledger } = bench()
      await ledger.close()
      await ledger.close()
      await refused(ledger.run('r'), 'LF_LEDGER_CLOSED')
      await refused(ledger.complete({ task: 'x', epoch: 1, claimId: 'x' }, DONE), 'LF_LEDGER_CLOSED')
    })
  })
}
