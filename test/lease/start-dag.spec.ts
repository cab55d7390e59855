import assert from 'node:assert/strict'
import { endStateOf, stopFor, stopForDag } from '../../src/lease/end-states.ts'
import { startDag } from '../../src/lease/start-dag.ts'
import { dagPlan } from '../ledger/contract/bench.ts'
import { NOW, readyTask } from './task-fixture.ts'

describe('a DAG that starts', () => {
  const start = { run: 'r', dag: 'main:2', priority: 10, now: NOW }

  it('has its sources ready and the rest blocked', () => {
    const { tasks } = startDag(dagPlan('main', ['a', 'b', 'c'], ['a>b', 'b>c']), start)
    assert.deepEqual(
      tasks.map(({ id, state, readyAt }) => [id, state, readyAt]),
      [
        ['r/main:2/a', 'ready', NOW],
        ['r/main:2/b', 'blocked', null],
        ['r/main:2/c', 'blocked', null],
      ],
    )
  })

  it('adds the priority of the run to that of the task', () => {
    const { tasks } = startDag(dagPlan('main', [{ name: 'a', priority: -3 }]), start)
    assert.equal(tasks[0]?.priority, 7)
  })

  it('numbers its edges in order of definition, one per pair of tasks', () => {
    const { edges } = startDag(dagPlan('main', ['a', 'b', 'c'], ['b>c:x', 'a>c', 'b>c:y']), start)
    assert.deepEqual(
      edges.map(({ from, to, slot, order, vote }) => [from, to, slot, order, vote]),
      [
        ['b', 'c', 'y', 0, null],
        ['a', 'c', null, 1, null],
      ],
    )
  })

  it('may be empty', () => {
    assert.deepEqual(startDag(dagPlan('main', []), start), { tasks: [], edges: [] })
  })
})

describe('the end of a DAG or run', () => {
  const error = { code: 'LF_X', message: 'it broke' }

  it('is success unless something stopped it', () => {
    assert.equal(endStateOf(null), 'succeeded')
    for (const reason of ['failed', 'aborted', 'stopped'] as const) {
      assert.equal(endStateOf({ reason, by: 'x', at: NOW, error: null }), reason)
    }
  })

  it('is brought about by a task that failed or aborted, and by no other', () => {
    const failed = { reason: 'failed', by: 'r/main:1/a', at: NOW, error }
    assert.deepEqual(stopFor(readyTask({ state: 'failed', error }), NOW), failed)
    assert.equal(stopFor(readyTask({ state: 'aborted', error }), NOW)?.reason, 'aborted')
    for (const state of ['done', 'skipped', 'stopped', 'cancelled', 'ready', 'lost'] as const) {
      assert.equal(stopFor(readyTask({ state }), NOW), null)
    }
  })

  it('is called a stop in the DAGs that have no part in the cause', () => {
    const stop = { reason: 'failed', by: 'x', at: NOW, error } as const
    assert.deepEqual(stopForDag(stop, true), stop)
    assert.deepEqual(stopForDag(stop, false), { ...stop, reason: 'stopped', error: null })
  })
})
