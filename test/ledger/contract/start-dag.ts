import assert from 'node:assert/strict'
import { DONE, dagPlan, id, payload, refused, stale, type Bench } from './bench.ts'

const STOP = { reason: 'stopped', by: 'me', at: 1, error: null } as const
const DAGS = [dagPlan('main', ['a']), dagPlan('sub', ['x', 'y'], ['x>y'], false)]

export function describeStartDag(bench: () => Bench): void {
  describe('DAGs that tasks start', () => {
    async function starter() {
      await bench().session('s')
      await bench().submit('r', DAGS)
      const { claim } = await bench().claim('s', id('r', 'a'))
      const start = (starterKey: string, changes = {}) =>
        bench().ledger.startDag({ claim, blueprint: 'sub', starterKey, data: null, ...changes })
      return { claim, start }
    }

    it('are copies with numbers, and get the data that they are started with', async () => {
      const { ledger } = bench()
      const { start } = await starter()
      assert.equal(await start('1', { data: payload('hello') }), 'sub:1')
      assert.equal(await start('2'), 'sub:2')
      assert.equal(await start('3', { blueprint: 'main' }), 'main:2')
      assert.deepEqual(await ledger.dagsStartedBy(id('r', 'a')), ['sub:1', 'sub:2', 'main:2'])
      assert.deepEqual((await bench().claim('s', 'r/sub:1/x')).start, payload('hello'))
      assert.equal((await bench().claim('s', 'r/sub:2/x')).start, null)
      const [, sub] = await ledger.dags('r')
      assert.deepEqual([sub?.starter, sub?.starterKey, sub?.blueprint], [id('r', 'a'), '1', 'sub'])
    })

    it('keep the run from ending', async () => {
      const { claim, start } = await starter()
      await start('1')
      const { dagEnded, runEnded } = await bench().ledger.complete(claim, DONE)
      assert.deepEqual([dagEnded, runEnded], ['main:1', null])
      await bench().run('s', 'r/sub:1/x')
      assert.equal((await bench().run('s', 'r/sub:1/y')).runEnded, 'succeeded')
    })

    it('are adopted by a later attempt of the same task', async () => {
      const { ledger } = bench()
      const { claim, start } = await starter()
      assert.equal(await start('1'), 'sub:1')
      assert.equal(await start('1'), 'sub:1')
      await ledger.release(claim, { reason: 'test', notBefore: null, uncounted: true })
      const { claim: second } = await bench().claim('s', id('r', 'a'))
      const again = { claim: second, blueprint: 'sub', starterKey: '1', data: null }
      assert.equal(await ledger.startDag(again), 'sub:1')
      assert.equal(await ledger.startDag({ ...again, starterKey: '2' }), 'sub:2')
      assert.equal((await ledger.dags('r')).length, 3)
    })

    it('are adopted even when the run stops meanwhile', async () => {
      const { start } = await starter()
      await start('1')
      await bench().ledger.stopRun('r', STOP)
      assert.equal(await start('1'), 'sub:1')
    })

    it('are refused to a claim that is not the current one', async () => {
      const { claim } = await starter()
      const start = { blueprint: 'sub', starterKey: '1', data: null }
      await refused(bench().ledger.startDag({ ...start, claim: stale(claim, { epoch: 2 }) }), 'LF_CLAIM_LOST')
      await bench().ledger.complete(claim, DONE)
      await refused(bench().ledger.startDag({ ...start, claim }), 'LF_CLAIM_LOST')
      assert.equal((await bench().ledger.dags('r')).length, 1)
    })

    it('are refused when the workflow has no such DAG, which names those that it has', async () => {
      const { start } = await starter()
      await refused(start('1', { blueprint: 'subb' }), 'LF_UNKNOWN_DAG', /Did you mean "sub"/)
      await refused(start('1', { blueprint: 'report' }), 'LF_UNKNOWN_DAG', /"main", "sub"/)
    })

    it('are refused when the run is stopping', async () => {
      const { start } = await starter()
      await bench().ledger.stopRun('r', STOP)
      await refused(start('1'), 'LF_RUN_STOPPING')
    })

    it('end at once when they are empty', async () => {
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a']), dagPlan('empty', [], [], false)])
      const { claim } = await bench().claim('s', id('r', 'a'))
      await bench().ledger.startDag({ claim, blueprint: 'empty', starterKey: '1', data: null })
      assert.deepEqual(await bench().ledger.dagStates('r', ['empty:1', 'main:1']), ['succeeded', 'running'])
    })

    it('stop the run when one of their tasks fails', async () => {
      const { claim, start } = await starter()
      await start('1')
      await bench().run('s', 'r/sub:1/x', { outcome: 'failed' })
      assert.equal((await bench().ledger.complete(claim, DONE)).runEnded, 'failed')
      assert.deepEqual(await bench().ledger.dagStates('r', ['sub:1', 'main:1']), ['failed', 'stopped'])
    })
  })
}
