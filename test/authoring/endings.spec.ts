import assert from 'node:assert/strict'
import {
  AbortWorkflow,
  Dag,
  type FinallyCall,
  FunctionTask,
  type LocalRun,
  runLocal,
  StopTask,
  type TaskOptions,
} from '../../src/index.ts'

describe('authoring: how tasks end', () => {
  /** A task that ends like this, followed by another. */
  const runOf = async (
    body: (call: { data: { set(key: string, value: unknown): void } }) => unknown,
    options: TaskOptions = {},
  ): Promise<{ run: LocalRun; statuses: string[] }> => {
    const statuses: string[] = []
    const callbackFinally = ({ status }: FinallyCall): void => void statuses.push(status)
    const task = new FunctionTask('task', body as never, { callbackFinally, ...options })
    const next = new FunctionTask('next', () => {})
    return { run: await runLocal(new Dag('main').define([[task, next]])), statuses }
  }
  const told = ({ run, statuses }: { run: LocalRun; statuses: string[] }): unknown[] => [
    statuses,
    run.task('task').state,
    run.task('next').state,
    run.dags[0]?.state,
    run.state,
  ]

  it('returns: success, its successors run, the run succeeds', async () => {
    assert.deepEqual(told(await runOf(() => {})), [['success'], 'done', 'done', 'succeeded', 'succeeded'])
  })

  it('StopTask: stopped with its message, its direct successors are skipped, the run succeeds', async () => {
    const ended = await runOf(({ data }) => {
      data.set('frames', 4)
      throw new StopTask('no beam')
    })
    assert.deepEqual(told(ended), [['stopped'], 'stopped', 'skipped', 'succeeded', 'succeeded'])
    assert.equal(ended.run.task('task').error?.message, 'no beam')
    assert.deepEqual(ended.run.task('task').data, { frames: 4 })
  })

  it('StopTask without skipping: its successors run on the data as it was by then', async () => {
    const ended = await runOf(({ data }) => {
      data.set('frames', 4)
      throw new StopTask('no beam', { skipSuccessors: false })
    })
    assert.deepEqual(told(ended), [['stopped'], 'stopped', 'done', 'succeeded', 'succeeded'])
    assert.deepEqual(ended.run.task('next').data, { frames: 4 })
  })

  it('AbortWorkflow: aborted with its message, nothing else starts, DAG and run are aborted', async () => {
    const ended = await runOf(() => Promise.reject(new AbortWorkflow('wrong sample')))
    assert.deepEqual(told(ended), [['aborted'], 'aborted', 'cancelled', 'aborted', 'aborted'])
    assert.equal(ended.run.error?.message, 'wrong sample')
  })

  it('any other exception: failed, nothing else starts, DAG and run are failed', async () => {
    const ended = await runOf(() => Promise.reject(new Error('no peaks')))
    assert.deepEqual(told(ended), [['error'], 'failed', 'cancelled', 'failed', 'failed'])
    assert.equal(ended.run.error?.message, 'no peaks')
  })

  it('a return value that is no Action: failed, and so it was told', async () => {
    const ended = await runOf(() => 5)
    assert.deepEqual(told(ended), [['error'], 'failed', 'cancelled', 'failed', 'failed'])
    assert.equal(ended.run.error?.code, 'LF_TASK_RETURN')
  })

  it('callbackInit may end the task as the body may', async () => {
    let called = false
    const ended = await runOf(() => (called = true), { callbackInit: () => Promise.reject(new StopTask('not today')) })
    assert.deepEqual([called, ...told(ended)], [false, ['stopped'], 'stopped', 'skipped', 'succeeded', 'succeeded'])
  })

  it('callbackFinally that throws is called again with the status that follows from it', async () => {
    const statuses: string[] = []
    const callbackFinally = ({ status }: FinallyCall): void => {
      statuses.push(status)
      if (status === 'success') throw new AbortWorkflow('cannot tidy up')
    }
    const { run } = await runOf(() => {}, { callbackFinally })
    assert.deepEqual([statuses, run.state, run.error?.message], [['success', 'aborted'], 'aborted', 'cannot tidy up'])
  })

  it('lets what runs finish when another task aborts the workflow', async () => {
    const entered = Promise.withResolvers<void>()
    const slow = new FunctionTask('slow', async ({ data, signal }) => {
      entered.resolve()
      while (!signal.isStopped) await new Promise(resolve => void setImmediate(resolve))
      data.set('saved', true)
    })
    const abort = new FunctionTask('abort', async () => {
      await entered.promise
      throw new AbortWorkflow('wrong sample')
    })
    const run = await runLocal([new Dag('one').define([slow]), new Dag('two').define([abort])])
    assert.deepEqual([run.state, run.task('slow').state, run.task('slow').data], ['aborted', 'done', { saved: true }])
  })

  it('repeats a failed attempt as often as its retries say, and tells each which one it is', async () => {
    const attempts: number[] = []
    const task = new FunctionTask(
      'task',
      ({ context }) => {
        attempts.push(context.attempt)
        if (context.attempt < 3) throw new Error('not yet')
      },
      { retries: 2, backoffMs: 1 },
    )
    const run = await runLocal(new Dag('main').define([task]))
    assert.deepEqual([run.state, attempts, run.task('task').attempts], ['succeeded', [1, 2, 3], 3])
  })

  it('does not repeat what was stopped or aborted on purpose', async () => {
    for (const thrown of [new StopTask(), new AbortWorkflow()]) {
      let calls = 0
      const body = (): Promise<never> => (calls++, Promise.reject(thrown))
      await runOf(body, { retries: 5, backoffMs: 1 })
      assert.equal(calls, 1)
    }
  })

  it('ends an attempt that takes longer than its task allows', async () => {
    const { run } = await runOf(() => new Promise(() => {}), { timeoutMs: 20 })
    assert.deepEqual([run.state, run.error?.code], ['failed', 'LF_TASK_TIMEOUT'])
  })

  it('takes tasks of a higher priority first', async () => {
    const order: string[] = []
    const tasks = [0, 5, -5, 9].map(
      priority => new FunctionTask(`p${priority}`, ({ context }) => void order.push(context.taskName), { priority }),
    )
    const gate = new FunctionTask('gate', () => {})
    await runLocal(new Dag('main').define([[gate, tasks]]), {}, { capacity: 1 })
    assert.deepEqual(order, ['p9', 'p5', 'p0', 'p-5'])
  })
})
