import assert from 'node:assert/strict'
import { backoffOf, finishAttempt, type AttemptOutcome } from '../../src/lease/finish-attempt.ts'
import { MAX_BACKOFF_MS } from '../../src/lease/lease-limits.ts'
import { releaseTask } from '../../src/lease/release-task.ts'
import { resolveTask } from '../../src/lease/resolve-task.ts'
import { claimedTask, NOW, readyTask } from './task-fixture.ts'

const OUT = { hash: 'h', sizeBytes: 1, inline: new Uint8Array(1), holders: [] }
const LATER = NOW + 50

describe('an attempt that ends', () => {
  const going = { now: LATER, stopping: false }
  const finish = (outcome: AttemptOutcome['outcome'], changes = {}, where = going) =>
    finishAttempt(claimedTask(changes), { outcome, out: OUT, limit: ['b'], error: null }, where)

  it('is done with its output and its limit', () => {
    const task = finish('done')
    assert.deepEqual([task.state, task.out, task.limit, task.owner, task.endedAt], ['done', OUT, ['b'], null, LATER])
    assert.deepEqual([task.history[0]?.end, task.history[0]?.endedAt], ['done', LATER])
  })

  it('is stopped with its output', () => {
    const task = finish('stopped')
    assert.deepEqual([task.state, task.out, task.limit], ['stopped', OUT, null])
  })

  it('is aborted without output, whatever retries there are', () => {
    const task = finish('aborted', { retries: 5 })
    assert.deepEqual([task.state, task.out, task.error?.code], ['aborted', null, 'LF_TASK_ABORTED'])
  })

  it('is repeated as often as it has retries', () => {
    const states = [0, 1, 2, 3].map(failures => finish('failed', { retries: 2, failures }).state)
    assert.deepEqual(states, ['ready', 'ready', 'failed', 'failed'])
  })

  it('leaves a claim that nobody holds when it is repeated', () => {
    const task = finish('timed-out', { retries: 1, backoffMs: 100 })
    assert.deepEqual([task.state, task.claimId, task.owner, task.endedAt], ['ready', null, null, null])
    assert.deepEqual([task.failures, task.notBefore, task.error?.code], [1, LATER + 100, 'LF_TASK_TIMEOUT'])
  })

  it('is not repeated in a run that stops', () => {
    assert.equal(finish('failed', { retries: 9 }, { now: LATER, stopping: true }).state, 'failed')
  })

  it('is marked when it ends in a run that stops: what it returned may be a part', () => {
    const stopping = { now: LATER, stopping: true }
    assert.deepEqual([finish('done', {}, stopping).afterStop, finish('stopped', {}, stopping).afterStop], [true, true])
    assert.ok(!('afterStop' in finish('done')))
  })

  it('waits twice as long each time, up to a limit', () => {
    const waits = [1, 2, 3, 30].map(failures => backoffOf({ backoffMs: 100, failures }))
    assert.deepEqual(waits, [100, 200, 400, MAX_BACKOFF_MS])
    assert.equal(backoffOf({ backoffMs: 0, failures: 5 }), 0)
  })
})

describe('a task that is given back', () => {
  const release = { reason: 'drain', notBefore: LATER, uncounted: true }

  it('is ready with a new epoch', () => {
    const task = releaseTask(claimedTask(), release, { now: NOW, stopping: false })
    assert.deepEqual(
      [task.state, task.epoch, task.claimId, task.owner, task.notBefore],
      ['ready', 2, null, null, LATER],
    )
    assert.deepEqual([task.attempts, task.history[0]?.end, task.history[0]?.error?.message], [0, 'released', 'drain'])
  })

  it('is cancelled in a run that stops', () => {
    assert.equal(releaseTask(claimedTask(), release, { now: NOW, stopping: true }).state, 'cancelled')
  })
})

describe('a lost task that is resolved', () => {
  it('runs again, or fails', () => {
    const lost = readyTask({ state: 'lost', epoch: 4, error: { code: 'LF_TASK_LOST', message: 'lost' } })
    const again = resolveTask(lost, 'run-again', { by: 'me', now: NOW })
    assert.deepEqual([again.state, again.epoch, again.error], ['ready', 5, null])
    const failed = resolveTask(lost, 'give-up', { by: 'me', now: NOW })
    assert.deepEqual([failed.state, failed.endedAt, failed.error?.code], ['failed', NOW, 'LF_TASK_GIVEN_UP'])
  })
})
