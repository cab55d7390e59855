import assert from 'node:assert/strict'
import type { DagRecord, RunRecord, TaskRecord } from '../../src/lease/records.ts'
import { startDag } from '../../src/lease/start-dag.ts'
import { RetryNeeds } from '../../src/node/retry-needs.ts'
import { dagPlan, payload } from '../ledger/contract/bench.ts'

const NOW = 1000
const STOP = { reason: 'failed', by: 'r/main:1/x', at: NOW, error: null } as const
const HISTORY = [
  { epoch: 1, claimId: 'c', session: 's', peer: 'p', claimedAt: 1, endedAt: 2, end: 'done' as const, error: null },
]
const large = (name: string) => payload(name, ['peer'])

/** A run of the DAG `sub`, started with large data: `a>b>c` and `a>d`; the records with these changes. */
function needs(changes: Record<string, Partial<TaskRecord>>, plan = PLAN): RetryNeeds {
  const run = { id: 'r', stop: STOP, plan: { name: 'w', description: '', dags: [plan], options: [] } }
  const dag: DagRecord = {
    run: 'r',
    name: 'sub:1',
    blueprint: 'sub',
    state: 'stopped',
    starter: 'r/main:1/x',
    starterKey: 'k',
    data: large('start'),
    createdAt: 1,
    endedAt: NOW,
    stop: { ...STOP, reason: 'stopped' },
  }
  const { tasks } = startDag(plan, { run: 'r', dag: 'sub:1', priority: 0, now: 1 })
  const records = tasks.map(task => ({ ...task, state: 'cancelled' as const, ...changes[task.name] }))
  return new RetryNeeds(run as unknown as RunRecord, [dag], records)
}

const PLAN = dagPlan('sub', ['a', 'b', 'c', 'd'], ['a>b', 'b>c', 'a>d'])
const done = (out: string, rest: Partial<TaskRecord> = {}): Partial<TaskRecord> => {
  return { state: 'done', out: large(out), history: HISTORY, ...rest }
}

describe('what a retry needs of what was there before', () => {
  const named = (tasks: readonly { name: string }[]) => tasks.map(({ name }) => name)
  const without =
    (...lost: string[]) =>
    async ({ hash }: { hash: string }) =>
      !lost.some(name => hash === large(name).hash)
  const found = async (one: RetryNeeds, ...lost: string[]) => {
    const { missing, remade } = await one.missing(without(...lost))
    return [missing.map(({ dag, maker }) => maker?.name ?? dag), named(remade)]
  }

  it('is what its tasks read that run again, and nothing else', async () => {
    const one = needs({ a: done('a'), b: done('b'), d: done('d') })
    assert.deepEqual(named(one.again), ['c'])
    assert.deepEqual(await found(one, 'start', 'a', 'd'), [[], []], 'nobody reads these any more')
    assert.deepEqual(await found(one, 'b'), [[], ['b']])
  })

  it('counts what ended while the run was being stopped among what runs again', async () => {
    const one = needs({ a: done('a'), b: done('b', { afterStop: true }), d: done('d') })
    assert.deepEqual(named(one.again), ['b', 'c'])
    assert.deepEqual(await found(one, 'a'), [[], ['a']])
  })

  it('is what the DAG was started with, when a first task runs again', async () => {
    assert.deepEqual(await found(needs({}), 'start'), [['sub:1'], []])
    assert.deepEqual(await found(needs({ a: done('a') }), 'start'), [[], []])
    assert.deepEqual(await found(needs({ a: done('a') }), 'start', 'a'), [['sub:1'], ['a']], 'also to make it again')
  })

  it('is missing when an exclusive task made it', async () => {
    const one = needs({ a: done('a', { effect: 'exclusive' }), b: done('b'), d: done('d') })
    assert.deepEqual(await found(one, 'a'), [[], []])
    assert.deepEqual(await found(one, 'a', 'b'), [['a'], ['b']])
  })

  it('names exclusive tasks that were begun and would run again', () => {
    const changes = {
      a: done('a', { effect: 'exclusive' }),
      b: { state: 'failed', effect: 'exclusive', history: HISTORY },
      c: { effect: 'exclusive' },
      d: { state: 'failed', history: HISTORY },
    } as const
    const plan = (tasks = PLAN) => ({ name: 'w', description: '', dags: [tasks], options: [] })
    assert.deepEqual(named(needs(changes).exclusives(plan())), ['b'])
    const lost = { state: 'cancelled', effect: 'exclusive', history: HISTORY } as const
    assert.deepEqual(named(needs({ a: lost }).exclusives(plan())), ['a'], 'lost, then stopped')
    const corrected = dagPlan('sub', ['a', 'b', 'c', { name: 'd', effect: 'exclusive' }], ['a>b', 'b>c', 'a>d'])
    assert.deepEqual(named(needs(changes).exclusives(plan(corrected))), ['b', 'd'])
  })
})
