import assert from 'node:assert/strict'
import { DONE, dagPlan, id, refused, type Bench } from './bench.ts'

const STOP = { reason: 'stopped', by: 'me', at: 1, error: null } as const
const BROKEN = { code: 'LF_X', message: 'it broke' }

export function describeEnds(bench: () => Bench): void {
  describe('failures', () => {
    it('repeats a failed task with a wait that doubles, then gives up', async () => {
      const { ledger, clock } = bench()
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', [{ name: 'a', retries: 2, backoffMs: 100 }])])
      for (const waitMs of [100, 200]) {
        const { state, runEnded } = await bench().run('s', id('r', 'a'), { outcome: 'failed', error: BROKEN })
        assert.deepEqual([state, runEnded], ['ready', null])
        assert.equal((await ledger.task(id('r', 'a')))?.notBefore, clock.now + waitMs)
        assert.equal(await bench().isWon('s', id('r', 'a')), false)
        clock.advance(waitMs)
      }
      const { state, runEnded, dagEnded } = await bench().run('s', id('r', 'a'), { outcome: 'failed', error: BROKEN })
      assert.deepEqual([state, runEnded, dagEnded], ['failed', 'failed', 'main:1'])
      const task = await ledger.task(id('r', 'a'))
      assert.deepEqual([task?.attempts, task?.failures, task?.error], [3, 3, BROKEN])
      assert.deepEqual(
        task?.history.map(({ end }) => end),
        ['failed', 'failed', 'failed'],
      )
    })

    it('counts an attempt that took too long as a failure', async () => {
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', [{ name: 'a', retries: 1 }])])
      assert.equal((await bench().run('s', id('r', 'a'), { outcome: 'timed-out' })).state, 'ready')
      assert.equal((await bench().run('s', id('r', 'a'), { outcome: 'timed-out' })).state, 'failed')
      assert.equal((await bench().ledger.task(id('r', 'a')))?.error?.code, 'LF_TASK_TIMEOUT')
    })

    it('stops the whole run when a task fails: what waits is cancelled, what runs comes to its end', async () => {
      const { ledger } = bench()
      await bench().session('s')
      const dags = [dagPlan('main', ['a', 'b', 'c', 'd'], ['a>b', 'c>d']), dagPlan('other', ['x'])]
      await bench().submit('r', dags)
      const { claim } = await bench().claim('s', id('r', 'c'))
      const { state, runEnded } = await bench().run('s', id('r', 'a'), { outcome: 'failed', error: BROKEN })
      assert.deepEqual([state, runEnded], ['failed', null])
      assert.deepEqual(await bench().states('r'), { a: 'failed', b: 'cancelled', c: 'claimed', d: 'cancelled' })
      assert.deepEqual(await bench().states('r', 'other:1'), { x: 'cancelled' })
      assert.equal(await bench().runState('r'), 'running')
      const completion = await ledger.complete(claim, DONE)
      assert.deepEqual([completion.accepted, completion.state, completion.runEnded], [true, 'done', 'failed'])
      assert.equal(await bench().state(id('r', 'd')), 'cancelled')
      const run = await ledger.run('r')
      assert.deepEqual(
        [run?.state, run?.stop?.reason, run?.stop?.by, run?.stop?.error],
        ['failed', 'failed', id('r', 'a'), BROKEN],
      )
      assert.deepEqual(
        (await ledger.dags('r')).map(({ state }) => state),
        ['failed', 'stopped'],
      )
    })

    it('does not repeat a failed task in a run that stops', async () => {
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', [{ name: 'a', retries: 9 }])])
      const { claim } = await bench().claim('s', id('r', 'a'))
      await bench().ledger.stopRun('r', STOP)
      const { state, runEnded } = await bench().ledger.complete(claim, { ...DONE, outcome: 'failed' })
      assert.deepEqual([state, runEnded], ['failed', 'stopped'])
    })

    it('keeps the first reason', async () => {
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a', 'b'])])
      const { claim } = await bench().claim('s', id('r', 'b'))
      await bench().run('s', id('r', 'a'), { outcome: 'aborted', error: BROKEN })
      await bench().ledger.complete(claim, { ...DONE, outcome: 'failed' })
      assert.equal(await bench().runState('r'), 'aborted')
    })
  })

  describe('abort and stop', () => {
    it('ends the run as aborted when a task aborts it, whatever retries it has', async () => {
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', [{ name: 'a', retries: 9 }, 'b'], ['a>b'])])
      const { state, runEnded } = await bench().run('s', id('r', 'a'), { outcome: 'aborted', error: BROKEN })
      assert.deepEqual([state, runEnded], ['aborted', 'aborted'])
      assert.deepEqual(await bench().states('r'), { a: 'aborted', b: 'cancelled' })
    })

    it('ends the run as succeeded when a task only stops', async () => {
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a', 'b'], ['a>b'])])
      const { state, runEnded } = await bench().run('s', id('r', 'a'), { outcome: 'stopped' })
      assert.deepEqual([state, runEnded], ['stopped', 'succeeded'])
    })

    it('stops a run at once when nothing runs', async () => {
      const { ledger, clock } = bench()
      await bench().submit('r', [dagPlan('main', ['a', 'b'], ['a>b'])])
      assert.equal(await ledger.stopRun('r', STOP), true)
      const run = await ledger.run('r')
      assert.deepEqual([run?.state, run?.endedAt, run?.stop], ['stopped', clock.now, STOP])
      assert.equal(await ledger.stopRun('r', STOP), false)
      assert.deepEqual(await bench().readyIds(), [])
    })

    it('waits for what runs, and takes no other reason meanwhile', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a', 'b'], ['a>b'])])
      const { claim } = await bench().claim('s', id('r', 'a'))
      assert.equal(await ledger.stopRun('r', STOP), true)
      assert.equal(await ledger.stopRun('r', { ...STOP, by: 'somebody else' }), true)
      assert.deepEqual([await bench().runState('r'), (await ledger.run('r'))?.stop?.by], ['running', 'me'])
      assert.equal((await ledger.complete(claim, DONE)).runEnded, 'stopped')
    })

    it('does not stop a run that has ended or that nobody knows', async () => {
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a'])])
      await bench().run('s', id('r', 'a'))
      assert.equal(await bench().ledger.stopRun('r', STOP), false)
      assert.equal(await bench().runState('r'), 'succeeded')
      await refused(bench().ledger.stopRun('nothing', STOP), 'LF_UNKNOWN_RUN')
    })

    it('stops one DAG and lets the run succeed', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a']), dagPlan('other', ['x', 'y'], ['x>y'])])
      assert.equal(await ledger.stopDag('r', 'other:1', STOP), true)
      assert.deepEqual(await bench().states('r', 'other:1'), { x: 'cancelled', y: 'cancelled' })
      assert.deepEqual(await ledger.dagStates('r', ['other:1', 'main:1', 'no:1']), ['stopped', 'running', undefined])
      assert.equal(await ledger.stopDag('r', 'other:1', STOP), false)
      assert.equal((await bench().run('s', id('r', 'a'))).runEnded, 'succeeded')
      await refused(ledger.stopDag('r', 'no:1', STOP), 'LF_UNKNOWN_DAG', /main:1/)
      await refused(ledger.stopDag('nothing', 'main:1', STOP), 'LF_UNKNOWN_RUN')
    })

    it('lets the running tasks of a stopped DAG come to their end', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a', 'b'], ['a>b'])])
      const { claim } = await bench().claim('s', id('r', 'a'))
      await ledger.stopDag('r', 'main:1', STOP)
      const { accepted, dagEnded, runEnded } = await ledger.complete(claim, DONE)
      assert.deepEqual([accepted, dagEnded, runEnded], [true, 'main:1', 'succeeded'])
      assert.deepEqual(await bench().states('r'), { a: 'done', b: 'cancelled' })
      assert.deepEqual(await ledger.dagStates('r', ['main:1']), ['stopped'])
    })
  })
}
