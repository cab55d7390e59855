import assert from 'node:assert/strict'
import { claimTask, mayClaim } from '../../src/lease/claim-task.ts'
import { attemptOf, isCurrentClaim, isFinishedBy } from '../../src/lease/fence.ts'
import { MAX_ATTEMPTS_KEPT, type DagRecord, type RunRecord, type SessionRecord } from '../../src/lease/records.ts'
import { newSession } from '../../src/lease/session-life.ts'
import { claimedTask, NOW, readyTask } from './task-fixture.ts'

const STOP = { reason: 'stopped', by: 'me', at: 1, error: null } as const

describe('a claim', () => {
  const session: SessionRecord = newSession(
    {
      id: 's',
      peer: 'p',
      name: 'n',
      host: 'h',
      pid: 1,
      kind: 'node',
      ttlMs: 1,
      addrs: [],
      queues: ['task'],
      capacity: 1,
      version: '1',
      labels: {},
    },
    NOW,
  )
  const run: Pick<RunRecord, 'state' | 'stop'> = { state: 'running', stop: null }
  const dag: DagRecord = {
    run: 'r',
    name: 'main:1',
    blueprint: 'main',
    state: 'running',
    starter: null,
    starterKey: null,
    data: null,
    createdAt: NOW,
    endedAt: null,
    stop: null,
  }
  const legal = { session, run, dag, now: NOW }

  it('is legal for a ready task that is due', () => {
    assert.equal(mayClaim(readyTask(), legal), true)
    assert.equal(mayClaim(readyTask({ notBefore: NOW }), legal), true)
  })

  const illegal: [string, ReturnType<typeof readyTask>, Partial<typeof legal>][] = [
    ['a task that is blocked', readyTask({ state: 'blocked' }), {}],
    ['a task that is claimed', claimedTask(), {}],
    ['a task that is lost', readyTask({ state: 'lost' }), {}],
    ['a task that is not due', readyTask({ notBefore: NOW + 1 }), {}],
    ['a task of another queue', readyTask({ queue: 'gpu' }), {}],
    ['a session that drains', readyTask(), { session: { ...session, state: 'draining' } }],
    ['a session that is dead', readyTask(), { session: { ...session, state: 'dead' } }],
    ['a command', readyTask(), { session: { ...session, kind: 'client' } }],
    ['a run that stops', readyTask(), { run: { state: 'running', stop: STOP } }],
    ['a run that has ended', readyTask(), { run: { state: 'failed', stop: null } }],
    ['a DAG that stops', readyTask(), { dag: { ...dag, stop: STOP } }],
    ['a DAG that has ended', readyTask(), { dag: { ...dag, state: 'succeeded' } }],
  ]
  for (const [name, task, changes] of illegal) {
    it(`is illegal for ${name}`, () => assert.equal(mayClaim(task, { ...legal, ...changes }), false))
  }

  it('makes a new epoch, counts the attempt and begins its record', () => {
    const task = claimTask(readyTask({ epoch: 7, attempts: 2 }), { session, claimId: 'c', now: NOW })
    assert.deepEqual([task.state, task.epoch, task.claimId, task.owner, task.attempts], ['claimed', 8, 'c', 's', 3])
    assert.deepEqual(task.history, [
      { epoch: 8, claimId: 'c', session: 's', peer: 'n', claimedAt: NOW, endedAt: null, end: null, error: null },
    ])
  })

  it('forgets the oldest attempts of many', () => {
    let task = readyTask()
    for (let count = 0; count < MAX_ATTEMPTS_KEPT + 5; count++) {
      task = claimTask({ ...task, state: 'ready' }, { session, claimId: `c${count}`, now: NOW })
    }
    assert.equal(task.history.length, MAX_ATTEMPTS_KEPT)
    assert.equal(task.history[0]?.claimId, 'c5')
  })
})

describe('the fence', () => {
  const claim = { task: 'r/main:1/a', epoch: 1, claimId: 'c' }

  it('lets the current claim pass, and no other', () => {
    assert.equal(isCurrentClaim(claimedTask(), claim), true)
    assert.equal(isCurrentClaim(claimedTask(), { ...claim, epoch: 2 }), false)
    assert.equal(isCurrentClaim(claimedTask(), { ...claim, claimId: 'd' }), false)
    assert.equal(isCurrentClaim({ ...claimedTask(), state: 'done' }, claim), false)
    assert.equal(isCurrentClaim(undefined, claim), false)
  })

  it('knows an attempt that has finished from one that was taken away', () => {
    const ended = (end: 'done' | 'failed' | 'released' | 'owner-died' | null) => {
      const task = claimedTask()
      return { ...task, history: task.history.map(attempt => ({ ...attempt, end })) }
    }
    assert.deepEqual(
      (['done', 'failed', 'released', 'owner-died', null] as const).map(end => isFinishedBy(ended(end), claim)),
      [true, true, false, false, false],
    )
    assert.equal(isFinishedBy(ended('done'), { ...claim, claimId: 'd' }), false)
    assert.equal(attemptOf(ended('released'), claim)?.end, 'released')
  })
})
