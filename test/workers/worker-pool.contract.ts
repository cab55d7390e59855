/** What every worker pool keeps to. `makePool` gives one that can run the tasks of `fixtures/well-behaved.ts`. */
import assert from 'node:assert/strict'
import { decodeDataset } from '../../protocols/dataset.ts'
import { LightflowError } from '../../src/core/errors.ts'
import type { WorkerPool } from '../../src/workers/worker-pool.ts'
import { eventually } from '../support/eventually.ts'
import { RecordingHost, dataOf, makeJob } from './make-job.ts'

const killed = { code: 'LF_TIMEOUT', message: 'The task took too long.' }
/** Never comes within a test. */
const LONG_MS = 600_000

export function workerPoolContract(makePool: () => Promise<WorkerPool>): void {
  describe('keeps the worker pool contract:', () => {
    let pool: WorkerPool
    let host: RecordingHost
    beforeEach(async () => {
      pool = await makePool()
      host = new RecordingHost()
    })
    afterEach(() => pool.close())

    const run = (...args: Parameters<typeof makeJob>) => pool.start(makeJob(...args), host.host).result

    it('runs a task on its input and gives back its data', async () => {
      const { ranMs: _, ...result } = await run('double', { data: { value: 21 } })
      assert.deepEqual(
        { ...result, bytes: null },
        { outcome: 'done', bytes: null, limit: null, skipSuccessors: false, error: null },
      )
      assert.deepEqual(decodeDataset(result.bytes as Uint8Array), {
        data: { value: 42 },
        history: ['before', 'double'],
      })
    })

    it('carries large arrays both ways, and leaves the given bytes alone', async () => {
      const image = Float64Array.from({ length: 200_000 }, (_, index) => index)
      const job = makeJob('scale', { data: { image } })
      const before = job.inputs[0]?.bytes.slice()
      const result = await pool.start(job, host.host).result
      assert.deepEqual(
        dataOf(result)['image'],
        image.map(value => value * 2),
      )
      assert.deepEqual(job.inputs[0]?.bytes, before)
      const again = await pool.start(job, host.host).result
      assert.deepEqual(again.bytes, result.bytes)
    })

    it('runs a first task on the start data of its DAG', async () => {
      const { inputs } = makeJob('double', { data: { value: 4 } })
      const result = await run('double', { inputs: [], start: inputs[0]?.bytes ?? null })
      assert.equal(dataOf(result)['value'], 8)
    })

    it('tells the task where it is', async () => {
      const { context } = makeJob('tell-context')
      assert.deepEqual(dataOf(await run('tell-context'))['context'], context)
    })

    it('reports limits, stops, aborts and failures as what they are', async () => {
      assert.deepEqual((await run('limit')).limit, ['nothing'])
      const stopped = await run('stop-task')
      assert.deepEqual([stopped.outcome, stopped.skipSuccessors, stopped.error?.message], ['stopped', true, 'enough'])
      const aborted = await run('abort-workflow')
      assert.deepEqual([aborted.outcome, aborted.error?.message], ['aborted', 'the shutter is closed'])
      const failed = await run('fail')
      assert.deepEqual([failed.outcome, failed.error?.message], ['failed', 'no peaks'])
      assert.match(failed.error?.stack ?? '', /well-behaved\.ts/)
    })

    it('fails the attempt when the workflow has no such DAG or task', async () => {
      assert.equal((await run('nobody')).error?.code, 'LF_UNKNOWN_TASK')
      assert.equal((await run('double', { blueprint: 'nowhere' })).error?.code, 'LF_UNKNOWN_DAG')
    })

    it('brings calls to the host and answers back', async () => {
      const answer = new Map([['deep', [new Float64Array([0.5]), 7n, new Date(5)]]])
      host = new RecordingHost({ storeGet: async (...args) => (host.calls.push(['storeGet', ...args]), answer) })
      const result = await run('use-store')
      assert.deepEqual(host.calls, [
        ['storeWrite', { kind: 'set', section: 'data', path: 'a.b', value: new Map([[1, new Float64Array([1, 2])]]) }],
        ['storeWrite', { kind: 'push', section: 'data', path: 'list', value: 5 }],
        ['storeGet', 'data', 'what'],
      ])
      assert.deepEqual(dataOf(result)['answer'], answer)
    })

    it('answers many calls at once, each with its own answer', async () => {
      host = new RecordingHost({ storeGet: async (_, path) => path })
      const result = await run('many-calls')
      assert.deepEqual(
        dataOf(result)['answers'],
        Array.from({ length: 500 }, (_, index) => `at.${index}`),
      )
    })

    it('starts, joins and stops DAGs for the task', async () => {
      const result = await run('use-dags')
      assert.deepEqual(dataOf(result), { joined: true, started: 'other:1' })
      const [startDag, ...others] = host.calls
      assert.deepEqual(startDag?.slice(0, 2), ['startDag', 'other'])
      assert.equal(decodeDataset(startDag?.[2] as Uint8Array).data['x'], 1)
      assert.deepEqual(others, [['joinDags', ['other:1']], ['stopDag', 'other:1'], ['stopWorkflow']])
    })

    it('throws at the task what the host refuses', async () => {
      const refuse = async () => {
        throw new LightflowError('LF_STORE_FULL', 'The store is full.', { hint: 'Delete something.' })
      }
      host = new RecordingHost({ storeWrite: refuse })
      const { outcome, error } = await run('refused')
      assert.deepEqual([outcome, error?.code, error?.message, error?.hint], ['failed', 'LF_STORE_FULL', 'The store is full.', 'Delete something.']) // oxfmt-ignore
    })

    it('lets a task that was asked to stop finish', async () => {
      const running = pool.start(makeJob('until-stopped'), host.host)
      await eventually(() => host.hasStarted)
      running.stop()
      const result = await running.result
      assert.equal(result.outcome, 'done')
      assert.equal(dataOf(result)['stopped'], true)
    })

    it('tells a task that the peer is to leave, which may give itself back', async () => {
      const running = pool.start(makeJob('until-draining'), host.host)
      await eventually(() => host.hasStarted)
      running.drain()
      const { outcome, error } = await running.result
      assert.deepEqual([outcome, error?.message], ['handed-over', 'on it goes'])
      // The next task of the same worker hears nothing of it.
      const stopped = pool.start(makeJob('until-stopped'), host.host)
      stopped.stop()
      assert.equal((await stopped.result).outcome, 'done')
    })

    it('stops only the task that was asked to', async () => {
      const one = pool.start(makeJob('until-stopped'), host.host)
      const otherHost = new RecordingHost()
      const other = pool.start(makeJob('until-stopped'), otherHost.host)
      await eventually(() => host.hasStarted && otherHost.hasStarted)
      one.stop()
      assert.equal((await one.result).outcome, 'done')
      assert.equal(await Promise.race([other.result, Promise.resolve('still running')]), 'still running')
      other.stop()
      await other.result
    })

    it('aborts a killed task, with the error of the kill', async () => {
      const running = pool.start(makeJob('until-aborted'), host.host)
      await eventually(() => host.hasStarted)
      running.kill(killed, LONG_MS)
      const result = await running.result
      assert.deepEqual(result, { outcome: 'aborted', bytes: null, limit: null, skipSuccessors: false, error: killed })
    })

    it('does not wait for a killed task beyond its grace', async () => {
      const running = pool.start(makeJob('ignores-abort'), host.host)
      await eventually(() => host.hasStarted)
      running.kill(killed, 10)
      running.kill({ code: 'LF_LATER', message: 'the first one counts' }, 0)
      const result = await running.result
      assert.deepEqual([result.outcome, result.error], ['aborted', killed])
    })

    it('aborts a task that is killed before it has begun', async () => {
      const running = pool.start(makeJob('ignores-abort'), host.host)
      running.kill(killed, 0)
      assert.deepEqual((await running.result).error, killed)
    })

    it('does not mind what comes after the end', async () => {
      const running = pool.start(makeJob('nothing'), host.host)
      assert.equal((await running.result).outcome, 'done')
      running.stop()
      running.kill(killed, 0)
      assert.equal((await running.result).outcome, 'done')
      assert.equal((await run('nothing')).outcome, 'done')
    })

    it('runs many tasks at once', async () => {
      const results = await Promise.all(
        Array.from(
          { length: 6 },
          (_, index) => pool.start(makeJob('double', { data: { value: index } }), host.host).result,
        ),
      )
      assert.deepEqual(
        results.map(result => dataOf(result)['value']),
        [0, 2, 4, 6, 8, 10],
      )
    })

    it('aborts what runs when it is closed, and refuses what comes later', async () => {
      const running = pool.start(makeJob('ignores-abort'), host.host)
      await eventually(() => host.hasStarted)
      await Promise.all([pool.close(), pool.close()])
      const [result, late] = [await running.result, await run('nothing')]
      for (const { outcome, error } of [result, late]) {
        assert.deepEqual([outcome, error?.code], ['aborted', 'LF_WORKERS_CLOSED'])
      }
    })
  })
}
