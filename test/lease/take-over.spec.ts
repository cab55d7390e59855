import assert from 'node:assert/strict'
import { LOCK_DELAY_MS } from '../../src/lease/lease-limits.ts'
import type { DeathProof } from '../../src/lease/records.ts'
import { isProven, takeOver } from '../../src/lease/take-over.ts'
import { DEFAULT_MAX_DEATHS } from '../../src/workflow/plan.ts'
import { claimedTask, NOW } from './task-fixture.ts'

describe('taking over from the dead', () => {
  const silent = { proof: 'silence', now: NOW, stopping: false } as const

  it('counts the death, ends the attempt and makes a new epoch', () => {
    const task = takeOver(claimedTask(), silent)
    assert.deepEqual([task.epoch, task.claimId, task.owner, task.deaths, task.attempts], [2, null, null, 1, 1])
    assert.deepEqual([task.history[0]?.end, task.history[0]?.endedAt], ['owner-died', NOW])
  })

  it('gives out a pure task at once, an idempotent one after the lock delay', () => {
    assert.equal(takeOver(claimedTask({ effect: 'pure' }), silent).notBefore, null)
    assert.equal(takeOver(claimedTask({ effect: 'idempotent' }), silent).notBefore, NOW + LOCK_DELAY_MS)
  })

  it('waits for nothing when the death is proven', () => {
    const proofs: (DeathProof | null)[] = ['lock', 'left', 'restart', 'silence', 'evicted', null]
    assert.deepEqual(proofs.map(isProven), [true, true, true, false, false, false])
    for (const proof of proofs) {
      const { notBefore } = takeOver(claimedTask({ effect: 'idempotent' }), { ...silent, proof })
      assert.equal(notBefore === null, isProven(proof))
    }
  })

  it('waits for nothing when the port of the dead peer refuses: a frozen process would still be answered for', () => {
    assert.equal(isProven('refused'), false)
    const { notBefore, deaths } = takeOver(claimedTask({ effect: 'idempotent' }), { ...silent, proof: 'refused' })
    assert.deepEqual([notBefore, deaths], [null, 1])
  })

  it('never repeats an exclusive task', () => {
    const task = takeOver(claimedTask({ effect: 'exclusive' }), { ...silent, proof: 'lock' })
    assert.deepEqual([task.state, task.error?.code], ['lost', 'LF_TASK_LOST'])
  })

  it('gives up a task that too many sessions died with', () => {
    const task = takeOver(claimedTask({ deaths: DEFAULT_MAX_DEATHS - 1 }), silent)
    assert.deepEqual([task.state, task.error?.code, task.endedAt], ['failed', 'LF_TASK_QUARANTINED', NOW])
  })

  it('gives it up sooner, later or never, as the task wants', () => {
    const stateAfter = (maxDeaths: number | null, deaths: number): string =>
      takeOver(claimedTask({ maxDeaths, deaths }), silent).state
    assert.deepEqual([stateAfter(1, 0), stateAfter(7, 5), stateAfter(7, 6)], ['failed', 'ready', 'failed'])
    assert.equal(stateAfter(null, 1000), 'ready')
  })

  it('does not blame the task when its session said goodbye', () => {
    const task = takeOver(claimedTask({ deaths: DEFAULT_MAX_DEATHS - 1 }), { ...silent, proof: 'left' })
    assert.deepEqual([task.state, task.deaths], ['ready', DEFAULT_MAX_DEATHS - 1])
  })

  it('does not blame the task when a person sent its peer away, but waits for that peer to end', () => {
    const deaths = DEFAULT_MAX_DEATHS - 1
    const task = takeOver(claimedTask({ deaths, effect: 'idempotent' }), { ...silent, proof: 'evicted' })
    assert.deepEqual([task.state, task.deaths, task.notBefore], ['ready', deaths, NOW + LOCK_DELAY_MS])
  })

  it('cancels the task of a run that stops', () => {
    assert.equal(takeOver(claimedTask({ effect: 'exclusive' }), { ...silent, stopping: true }).state, 'cancelled')
  })
})
