import assert from 'node:assert/strict'
import { MultiTaskData } from '../../src/workflow/multi-task-data.ts'
import { AbortWorkflow, HandOver, StopTask } from '../../src/workflow/signals.ts'
import type { TaskStore } from '../../src/workflow/store.ts'
import { TaskParameters, type ParameterCheck } from '../../src/workflow/task-parameters.ts'

const store = { get: async (path: string) => `stored ${path}` } as TaskStore
const text: ParameterCheck = ['a text', value => typeof value === 'string']

function callWith(values: Record<string, unknown> = {}): { data: MultiTaskData; store: TaskStore } {
  const data = new MultiTaskData()
  for (const [key, value] of Object.entries(values)) data.set(key, value)
  return { data, store }
}

describe('TaskParameters', () => {
  it('gives plain values as they are, and calls functions with the data and the store', async () => {
    const parameters = new TaskParameters<{ cwd: string; times: number; user: string }>('copy', {
      cwd: '/data',
      times: data => data.get('n', 0) + 1,
      user: (_data, shared) => shared.get('user'),
    })
    const values = await parameters.evaluate(callWith({ n: 4 }))
    assert.deepEqual(values, { cwd: '/data', times: 5, user: 'stored user' })
  })

  it('evaluates anew for every attempt', async () => {
    const parameters = new TaskParameters<{ n: number }>('copy', { n: data => data.get('n', 0) })
    assert.deepEqual(await parameters.evaluate(callWith({ n: 1 })), { n: 1 })
    assert.deepEqual(await parameters.evaluate(callWith({ n: 2 })), { n: 2 })
  })

  it('evaluates one after the other, in the order in which they were written', async () => {
    const order: string[] = []
    const noting = (name: string) => async () => {
      await Promise.resolve()
      order.push(name)
    }
    await new TaskParameters('copy', { b: noting('b'), a: noting('a') }).evaluate(callWith())
    assert.deepEqual(order, ['b', 'a'])
  })

  it('leaves out what is excluded without calling it, to be evaluated by itself', async () => {
    let called = 0
    const parameters = new TaskParameters<{ command: string; cwd: string }>('copy', {
      command: () => `ls ${++called}`,
      cwd: '/',
    })
    const values = await parameters.evaluate(callWith(), { exclude: ['command'] })
    assert.deepEqual([values, called], [{ cwd: '/' }, 0])
    assert.equal(await parameters.evaluateOne('command', callWith()), 'ls 1')
  })

  it('names the task and the option when a function throws, and keeps the cause and its place', async () => {
    const boom = new RangeError('no such scan')
    const parameters = new TaskParameters<{ cwd: string }>('copy', {
      cwd: () => {
        throw boom
      },
    })
    await assert.rejects(parameters.evaluate(callWith()), {
      code: 'LF_TASK_PARAMETER',
      message: 'The function for "cwd" of the task "copy" failed: no such scan',
      cause: boom,
      stack: boom.stack,
    })
  })

  it('names them as well when a promise is rejected, or something that is no error is thrown', async () => {
    const parameters = new TaskParameters<{ cwd: string }>('copy', { cwd: () => Promise.reject('text') })
    await assert.rejects(parameters.evaluateOne('cwd', callWith()), {
      message: 'The function for "cwd" of the task "copy" failed: "text"',
    })
  })

  it('lets a function stop the task or abort the workflow', async () => {
    for (const thrown of [new StopTask('enough'), new AbortWorkflow('wrong sample'), new HandOver()]) {
      const parameters = new TaskParameters<{ cwd: string }>('copy', { cwd: () => Promise.reject(thrown) })
      await assert.rejects(parameters.evaluate(callWith()), error => error === thrown)
    }
  })

  it('checks plain values where they are written', () => {
    assert.throws(() => new TaskParameters<{ cwd: string }>('copy', { cwd: 5 as never }, { cwd: text }), {
      code: 'LF_TASK_OPTIONS',
      message: 'The task "copy" needs a text as "cwd", but got 5.',
    })
  })

  it('checks what a function gives when it gives it', async () => {
    const parameters = new TaskParameters<{ cwd: string }>('copy', { cwd: data => data.get('cwd') }, { cwd: text })
    assert.equal(await parameters.evaluateOne('cwd', callWith({ cwd: '/data' })), '/data')
    await assert.rejects(parameters.evaluateOne('cwd', callWith()), {
      code: 'LF_TASK_PARAMETER',
      message: 'The function for "cwd" of the task "copy" gave undefined, it needs a text.',
    })
  })

  it('refuses to evaluate an option that was never given, and suggests the right one', async () => {
    const parameters = new TaskParameters<{ cwd?: string; cdw?: string }>('copy', { cwd: '/' })
    await assert.rejects(parameters.evaluateOne('cdw', callWith()), {
      code: 'LF_TASK_PARAMETER',
      hint: 'Did you mean "cwd"?',
    })
  })
})
