import assert from 'node:assert/strict'
import { FunctionTask } from '../../src/tasks/function-task.ts'
import { makeTask } from './tasks.ts'

describe('Task', () => {
  it('has its defaults', () => {
    assert.deepEqual(makeTask('a').options, {
      queue: null,
      effect: 'idempotent',
      priority: 0,
      retries: 0,
      backoffMs: 1000,
      timeoutMs: null,
      maxDeaths: 3,
      needs: {},
      replicas: 1,
      forceRun: false,
      propagateSkip: true,
      callbackInit: null,
      callbackFinally: null,
    })
  })

  it('keeps what is given', () => {
    const options = { queue: 'gpu', effect: 'pure', priority: -3, retries: 2, backoffMs: 0, timeoutMs: 30_000 } as const
    assert.deepEqual({ ...makeTask('a', options).options, ...options }, makeTask('a', options).options)
  })

  it('takes undefined as not given', () => {
    assert.equal(makeTask('a', { retries: undefined, queue: undefined }).options.retries, 0)
  })

  it('refuses unknown options and suggests the right one', () => {
    const given: [string, string][] = [
      ['retrys', 'retries'],
      ['timeout', 'timeoutMs'],
      ['force_run', 'forceRun'],
      ['queu', 'queue'],
    ]
    for (const [wrong, right] of given) {
      assert.throws(() => makeTask('a', { [wrong]: 1 }), { code: 'LF_TASK_OPTIONS', hint: `Did you mean "${right}"?` })
    }
  })

  it('refuses values of a wrong kind and says which is needed', () => {
    const wrong: Record<string, unknown>[] = [
      { queue: 5 },
      { queue: '' },
      { effect: 'safe' },
      { priority: 1.5 },
      { retries: -1 },
      { retries: 1.5 },
      { retries: Infinity },
      { backoffMs: '1s' },
      { backoffMs: NaN },
      { timeoutMs: 0 },
      { maxDeaths: 0 },
      { replicas: 0 },
      { replicas: 17 },
      { timeoutMs: '30s' },
      { timeoutMs: 2 ** 31 },
      { forceRun: 'yes' },
      { propagateSkip: null },
      { callbackInit: 'x' },
    ]
    for (const options of wrong) {
      assert.throws(() => makeTask('a', options), /a/, JSON.stringify(options))
    }
    assert.throws(() => makeTask('a', { timeoutMs: '30s' } as object), {
      code: 'LF_TASK_OPTIONS',
      message: 'The task "a" needs a number of milliseconds, at least 1 as "timeoutMs", but got "30s".',
    })
  })

  it('refuses names that cannot be part of an id', () => {
    for (const name of ['', 'a/b', 'a:1', ' a', 5, undefined]) {
      assert.throws(() => makeTask(name as string), { code: 'LF_NAME' })
    }
  })
})

describe('FunctionTask', () => {
  it('is of the kind that is shown as function', () => {
    assert.equal(makeTask('a').kind, 'function')
  })

  it('refuses a callback that is no function', () => {
    assert.throws(() => new FunctionTask('a', undefined as never), { code: 'LF_TASK_OPTIONS' })
  })
})
