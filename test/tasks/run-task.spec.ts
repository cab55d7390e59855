import assert from 'node:assert/strict'
import { encodeDataset } from '../../protocols/dataset.ts'
import { LightflowError } from '../../src/core/errors.ts'
import type { Job, JobHost, JobResult } from '../../src/workers/worker-pool.ts'
import type { TaskAttempt, TaskHost, TaskResult } from '../../src/tasks/task-host.ts'
import { Action } from '../../src/workflow/action.ts'
import { MultiTaskData } from '../../src/workflow/multi-task-data.ts'
import { AbortWorkflow, HandOver, StopTask } from '../../src/workflow/signals.ts'
import { Task } from '../../src/workflow/task.ts'
import type { FinallyCall, TaskCall, TaskCallback, TaskTools } from '../../src/workflow/task-call.ts'
import { context, dataOf, historyOf, input, NotingHost, run } from './attempts.ts'

// The floor above passes its own shapes through unchanged: this file does not compile when they part.
true satisfies JobHost extends TaskHost ? true : false
true satisfies TaskResult extends JobResult ? true : false
true satisfies Pick<Job, 'inputs' | 'start' | 'context'> extends Pick<TaskAttempt, 'inputs' | 'start' | 'context'>
  ? true
  : false

describe('runTask', () => {
  describe('composes the data', () => {
    it('of one dataset per input, by task and slot, in order', async () => {
      let seen: unknown
      await run(
        ({ data }) => {
          const names = ['put', 'first', 'square'].map(name => data.dataset(name).get('value'))
          seen = [names, data.get('value'), data.size]
        },
        { inputs: [input('put', { value: 5 }, 'first'), input('square', { value: 25 })] },
      )
      assert.deepEqual(seen, [[5, 5, 25], 5, 2])
    })

    it('of the start data when nothing comes before', async () => {
      const start = encodeDataset({ data: { image: 7 }, history: ['caller'] })
      const result = await run(({ data }) => assert.equal(data.dataset('fit').get('image'), 7), { start })
      assert.deepEqual([dataOf(result), historyOf(result)], [{ image: 7 }, ['caller', 'fit']])
    })

    it('of one empty dataset under its own name when there is nothing', async () => {
      const result = await run(({ data }) => assert.deepEqual([data.size, data.dataset('fit').data], [1, {}]))
      assert.deepEqual([result.outcome, dataOf(result), historyOf(result)], ['done', {}, ['fit']])
    })

    it('and fails the task when an input cannot be read', async () => {
      const result = await run(() => {}, { inputs: [{ task: 'put', slot: null, bytes: new Uint8Array([1]) }] })
      assert.deepEqual([result.outcome, result.error?.code], ['failed', 'LF_DECODE'])
    })

    it('so that callbacks see the attempt in their context', async () => {
      let seen: unknown
      await run(call => void (seen = call.context))
      assert.deepEqual(seen, context)
    })
  })

  describe('ends as done', () => {
    it('with all data in one dataset, in which the default one wins', async () => {
      const inputs = [input('put', { value: 5, a: 1 }), input('square', { value: 25, b: 2 })]
      const result = await run(({ data }) => data.set('c', 3), { inputs })
      assert.deepEqual(dataOf(result), { value: 5, a: 1, b: 2, c: 3 })
      assert.deepEqual(historyOf(result), ['square', 'put', 'fit'])
      assert.deepEqual([result.outcome, result.limit, result.skipSuccessors, result.error], ['done', null, false, null])
    })

    it('when the callback is async', async () => {
      const result = await run(async ({ data }) => {
        await new Promise(resolve => setImmediate(resolve))
        data.set('x', 1)
      })
      assert.deepEqual(dataOf(result), { x: 1 })
    })

    it('with the limit and the data of an Action', async () => {
      const result = await run(() => {
        const data = new MultiTaskData()
        data.set('other', 1)
        return new Action(data, { limit: ['lane1'] })
      })
      assert.deepEqual([result.outcome, result.limit, dataOf(result)], ['done', ['lane1'], { other: 1 }])
      assert.deepEqual((await run(({ data }) => new Action(data, { limit: [] }))).limit, [])
      assert.equal((await run(({ data }) => new Action(data))).limit, null)
    })

    it('only when the limit names direct successors, where these are known', async () => {
      const callback: TaskCallback = ({ data }) => new Action(data, { limit: ['lane1', 'lame2'] })
      const result = await run(callback, { successors: ['lane1', 'lane2'] })
      assert.deepEqual([result.outcome, result.error?.code], ['failed', 'LF_TASK_LIMIT'])
      assert.match(result.error?.hint ?? '', /"lane2"/)
      assert.equal((await run(callback, { successors: ['lane1', 'lame2'] })).outcome, 'done')
    })
  })

  describe('ends as stopped', () => {
    it('with the data as it is by then, and skips the successors', async () => {
      const result = await run(
        ({ data }) => {
          data.set('x', 1)
          throw new StopTask('no beam')
        },
        { inputs: [input('put', { value: 5 })] },
      )
      assert.deepEqual([result.outcome, result.skipSuccessors, result.limit], ['stopped', true, null])
      assert.deepEqual(result.error, { code: 'LF_STOP_TASK', message: 'no beam' })
      assert.deepEqual([dataOf(result), historyOf(result)], [{ value: 5, x: 1 }, ['put', 'fit']])
    })

    it('without skipping when told so', async () => {
      const result = await run(() => {
        throw new StopTask('', { skipSuccessors: false })
      })
      assert.deepEqual([result.outcome, result.skipSuccessors], ['stopped', false])
    })

    it('also when another copy of the package threw', async () => {
      const foreign = {
        [Symbol.for('lightflow.kind')]: 'stop-task',
        code: 'LF_STOP_TASK',
        message: 'x',
        skipSuccessors: false,
      }
      const result = await run(() => {
        throw foreign
      })
      assert.deepEqual([result.outcome, result.skipSuccessors], ['stopped', false])
    })
  })

  it('ends as aborted when the callback aborts the workflow', async () => {
    const result = await run(() => {
      throw new AbortWorkflow('wrong sample')
    })
    assert.deepEqual(result, {
      outcome: 'aborted',
      bytes: null,
      limit: null,
      skipSuccessors: false,
      error: { code: 'LF_ABORT_WORKFLOW', message: 'wrong sample' },
    })
  })

  it('ends the attempt and not the task when the callback hands over', async () => {
    const told: string[] = []
    const result = await run(
      () => {
        throw new HandOver('the peer is to leave')
      },
      { options: { callbackFinally: ({ status }) => void told.push(status) } },
    )
    assert.deepEqual(result, {
      outcome: 'handed-over',
      bytes: null,
      limit: null,
      skipSuccessors: false,
      error: { code: 'LF_HAND_OVER', message: 'the peer is to leave' },
    })
    assert.deepEqual(told, ['aborted'])
  })

  describe('ends as failed', () => {
    it('for anything else that is thrown', async () => {
      const hostile = new Proxy(
        {},
        {
          get() {
            throw new Error('no')
          },
        },
      )
      const thrown = [new TypeError('x'), 'text', undefined, null, 5, Symbol('s'), {}, Object.create(null), hostile]
      for (const value of [...thrown, { message: Object.create(null) }]) {
        const result = await run(() => {
          throw value
        })
        assert.equal(result.outcome, 'failed')
        assert.equal(typeof result.error?.message, 'string')
        assert.equal(result.bytes, null)
      }
    })

    it('with the code, hint and stack of the error', async () => {
      const failing = async (error: unknown) => (await run(throwing(error))).error
      const plain = await failing(new RangeError('too hot'))
      assert.deepEqual([plain?.code, plain?.message], ['LF_TASK_FAILED', 'too hot'])
      assert.match(plain?.stack ?? '', /run-task\.spec\.ts/)
      const coded = await failing(new LightflowError('LF_X', 'x', { hint: 'do y' }))
      assert.deepEqual([coded?.code, coded?.hint], ['LF_X', 'do y'])
      assert.match(coded?.stack ?? '', /run-task\.spec\.ts/)
    })

    it('with texts of bounded length', async () => {
      const { error } = await run(() => Promise.reject(new Error('x'.repeat(100_000))))
      assert.ok(JSON.stringify(error).length < 40_000)
    })

    it('when something else than an Action is returned', async () => {
      const statuses: string[] = []
      for (const value of [5, 'text', {}, [], false]) {
        const result = await run((() => value) as unknown as TaskCallback, {
          options: { callbackFinally: ({ status }) => void statuses.push(status) },
        })
        assert.deepEqual([result.outcome, result.error?.code], ['failed', 'LF_TASK_RETURN'])
      }
      assert.deepEqual(statuses, Array(5).fill('error'))
    })

    it('when the data cannot be passed on, naming the key', async () => {
      const statuses: string[] = []
      const result = await run(({ data }) => data.set('model', { predict: () => 1 }), {
        options: { callbackFinally: ({ status }) => void statuses.push(status) },
      })
      assert.deepEqual([result.outcome, result.error?.code], ['failed', 'LF_ENCODE'])
      assert.match(result.error?.message ?? '', /task "fit".*model\.predict.*function/)
      assert.deepEqual(statuses, ['success', 'error'])
    })
  })

  it('ends as aborted, with the reason, when it was told to end', async () => {
    const abort = new AbortController()
    const result = await run(
      async ({ signal }) => {
        abort.abort(new LightflowError('LF_CLAIM_LOST', 'The task was taken over.'))
        signal.abort.throwIfAborted()
      },
      { abort: abort.signal },
    )
    assert.deepEqual([result.outcome, result.error?.code], ['aborted', 'LF_CLAIM_LOST'])
  })

  describe('calls callbackInit', () => {
    it('before the body, with the same arguments', async () => {
      const calls: TaskCall[] = []
      await run(call => void calls.push(call), { options: { callbackInit: call => void calls.push(call) } })
      assert.equal(calls.length, 2)
      assert.equal(calls[0], calls[1])
    })

    it('which may end the task as the body may', async () => {
      const outcomes: string[] = []
      for (const thrown of [new StopTask(), new AbortWorkflow(), 'text']) {
        const result = await run(() => assert.fail('the body was called'), {
          options: {
            callbackInit: () => {
              throw thrown
            },
          },
        })
        outcomes.push(result.outcome)
      }
      assert.deepEqual(outcomes, ['stopped', 'aborted', 'failed'])
    })
  })

  describe('calls callbackFinally', () => {
    const endings: [TaskCallback, string][] = [
      [() => {}, 'success'],
      [throwing(new StopTask()), 'stopped'],
      [throwing(new AbortWorkflow()), 'aborted'],
      [throwing('text'), 'error'],
    ]

    for (const [body, expected] of endings) {
      it(`once with the status ${expected}`, async () => {
        const calls: FinallyCall[] = []
        await run(body, { options: { callbackFinally: call => void calls.push(call) } })
        assert.deepEqual(
          calls.map(({ status, context }) => [status, context]),
          [[expected, context]],
        )
      })
    }

    it('before the data is passed on, so that it may add to it', async () => {
      const result = await run(({ data }) => data.set('a', 1), {
        options: { callbackFinally: ({ data }) => data.set('b', 2) },
      })
      assert.deepEqual(dataOf(result), { a: 1, b: 2 })
    })

    it('a second time with the new status when it spoils the ending itself, and never again', async () => {
      const statuses: string[] = []
      const callbackFinally = ({ status }: FinallyCall) => {
        statuses.push(status)
        throw status === 'success' ? new StopTask('late') : new Error('later')
      }
      const result = await run(() => {}, { options: { callbackFinally } })
      assert.deepEqual(statuses, ['success', 'stopped'])
      assert.deepEqual([result.outcome, result.error?.message], ['failed', 'later'])
    })

    it('and keeps the first reason of a failure', async () => {
      const statuses: string[] = []
      const callbackFinally = ({ status }: FinallyCall) => {
        statuses.push(status)
        throw new Error('cannot tidy up')
      }
      const failed = await run(throwing(new Error('no peaks')), { options: { callbackFinally } })
      assert.deepEqual(
        [failed.outcome, failed.error?.message],
        ['failed', 'no peaks (then callbackFinally failed: cannot tidy up)'],
      )
      const aborted = await run(throwing(new AbortWorkflow('stop')), { options: { callbackFinally } })
      assert.deepEqual([aborted.outcome, statuses], ['aborted', ['error', 'aborted']])
    })
  })

  it('runs other kinds of tasks, and passes their lines to the host', async () => {
    class EchoTask extends Task {
      run({ data }: TaskCall, tools: TaskTools) {
        tools.output('stderr', 'a line')
        data.set('echo', true)
      }
    }
    const host = new NotingHost()
    const result = await run(() => {}, { task: new EchoTask('fit'), host })
    assert.deepEqual([dataOf(result), host.calls], [{ echo: true }, [['output', 'stderr', 'a line']]])
  })

  it('waits for calls that the author did not await, and refuses those after the end', async () => {
    let answer = (): void => assert.fail('not called')
    let late: Promise<unknown> | undefined
    const host = new NotingHost({ storeWrite: () => new Promise<void>(resolve => (answer = resolve)) })
    let isOver = false
    const running = run(
      ({ store }) => {
        void store.set('a', 1)
        late = running.then(() => store.set('b', 2))
      },
      { host },
    )
    const watched = running.then(() => (isOver = true))
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(isOver, false)
    answer()
    await watched
    await assert.rejects(late as Promise<unknown>, { code: 'LF_TASK_ENDED' })
    assert.equal(host.calls.length, 1)
  })
})

function throwing(value: unknown): TaskCallback {
  return () => {
    throw value
  }
}
