import assert from 'node:assert/strict'
import { decodeDataset } from '../../protocols/dataset.ts'
import { HostCalls } from '../../src/tasks/host-calls.ts'
import { makeSignal } from '../../src/tasks/make-signal.ts'
import { Dag } from '../../src/workflow/dag.ts'
import { MultiTaskData } from '../../src/workflow/multi-task-data.ts'
import { TaskData } from '../../src/workflow/task-data.ts'
import type { StartData } from '../../src/workflow/signal.ts'
import { NotingHost } from './attempts.ts'

describe('the signal of an attempt', () => {
  function setUp(host = new NotingHost()) {
    const abort = new AbortController()
    const state = { isStopped: false, isDraining: false }
    const calls = new HostCalls('fit')
    const signal = makeSignal(
      { host, abort: abort.signal, isStopped: () => state.isStopped, isDraining: () => state.isDraining },
      calls,
    )
    return { host, signal, abort, state, calls }
  }

  it('starts a DAG by name or object and tells the name of the copy', async () => {
    const { host, signal } = setUp()
    assert.equal(await signal.startDag('sub'), 'sub:1')
    await signal.startDag(new Dag('other'))
    assert.deepEqual(host.calls, [
      ['startDag', 'sub', null],
      ['startDag', 'other', null],
    ])
  })

  it('starts it with an object, a dataset, or all the data as one dataset', async () => {
    const { host, signal } = setUp()
    const many = new MultiTaskData()
    many.addDataset('put', new TaskData({ value: 5 }, ['put']))
    many.addDataset('square', new TaskData({ value: 25, more: 1 }, ['square']))
    for (const data of [{ image: 7 }, new TaskData({ image: 8 }, ['put']), many]) await signal.startDag('sub', data)
    assert.deepEqual(
      host.calls.map(([, , bytes]) => decodeDataset(bytes as Uint8Array)),
      [
        { data: { image: 7 }, history: [] },
        { data: { image: 8 }, history: ['put'] },
        { data: { value: 5, more: 1 }, history: ['square', 'put'] },
      ],
    )
    assert.equal(many.size, 2)
  })

  it('passes on the key of a copy, and refuses what is none', async () => {
    const { host, signal } = setUp()
    await signal.startDag('sub', undefined, { key: 'frame 7' })
    await signal.startDag('sub', null as never, {})
    assert.deepEqual(host.calls, [
      ['startDag', 'sub', null, 'frame 7'],
      ['startDag', 'sub', null],
    ])
    for (const options of [{ key: '' }, { key: 7 }, { kee: 'x' }, 'x', null, { key: 'x'.repeat(1001) }]) {
      await assert.rejects(signal.startDag('sub', {}, options as never), { code: 'LF_SIGNAL' }, JSON.stringify(options))
    }
  })

  it('tells when the peer is to leave', () => {
    const { signal, state } = setUp()
    assert.equal(signal.isDraining, false)
    state.isDraining = true
    assert.equal(signal.isDraining, true)
  })

  it('takes the data as it is at the call', async () => {
    const { host, signal } = setUp()
    const data = { image: 7 }
    const starting = signal.startDag('sub', data)
    data.image = 8
    await starting
    assert.deepEqual(decodeDataset(host.calls[0]?.[2] as Uint8Array).data, { image: 7 })
  })

  it('refuses what is no DAG and what is no data', async () => {
    const { host, signal } = setUp()
    await assert.rejects(signal.startDag(undefined as never), { code: 'LF_SIGNAL' })
    await assert.rejects(signal.startDag({ name: 'sub' }), { code: 'LF_SIGNAL' })
    for (const data of [5, 'text', [1], new Date()]) {
      await assert.rejects(signal.startDag('sub', data as unknown as StartData), { code: 'LF_SIGNAL' })
    }
    await assert.rejects(signal.startDag('sub', { f: () => {} }), {
      code: 'LF_ENCODE',
      message: /"sub".*"f" is a function/,
    })
    assert.deepEqual(host.calls, [])
  })

  it('joins named copies, or all that the task started', async () => {
    const { host, signal } = setUp()
    assert.equal(await signal.joinDags('sub:1'), true)
    await signal.joinDags(['sub:1', 'sub:2'])
    await signal.joinDags()
    assert.equal(await signal.joinDags([]), true)
    assert.deepEqual(host.calls, [
      ['joinDags', ['sub:1']],
      ['joinDags', ['sub:1', 'sub:2']],
      ['joinDags', null],
    ])
    await assert.rejects(signal.joinDags([signal.startDag('sub')] as never), { code: 'LF_SIGNAL', hint: /await/ })
    await assert.rejects(signal.joinDags([undefined] as never), { code: 'LF_SIGNAL' })
  })

  it('keeps nobody waiting for a join that was not awaited', async () => {
    const { signal, calls } = setUp(new NotingHost({ joinDags: () => new Promise(() => {}) }))
    void signal.joinDags()
    await calls.settled()
  })

  it('stops a copy, its own DAG or the run', async () => {
    const { host, signal } = setUp()
    await signal.stopDag('sub:1')
    await signal.stopDag()
    await signal.stopWorkflow()
    assert.deepEqual(host.calls, [['stopDag', 'sub:1'], ['stopDag', null], ['stopWorkflow']])
  })

  it('shows at once that the DAG was stopped and the attempt aborted', () => {
    const { signal, state, abort } = setUp()
    assert.deepEqual([signal.isStopped, signal.abort.aborted], [false, false])
    state.isStopped = true
    abort.abort()
    assert.deepEqual([signal.isStopped, signal.abort.aborted], [true, true])
  })
})
