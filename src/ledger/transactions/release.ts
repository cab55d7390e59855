/** A task leaves its session unfinished: given back, taken from the dead, or decided by an operator. */
import { attemptOf, isCurrentClaim } from '../../lease/fence.ts'
import { releaseTask } from '../../lease/release-task.ts'
import { resolveTask, type Resolution } from '../../lease/resolve-task.ts'
import type { Claim } from '../../lease/records.ts'
import { takeOver } from '../../lease/take-over.ts'
import type { ReclaimedTask, ReleaseRequest } from '../ledger.ts'
import { MAX_RECLAIMS_PER_CALL } from '../ledger-limits.ts'
import type { Tables } from '../tables.ts'
import { isStopping } from './complete.ts'
import { requireTask } from './require-rows.ts'
import { settle } from './settle.ts'
import { forgetWrites } from './store.ts'

/** Repeating it changes nothing and is still true. */
export function release(tables: Tables, now: number, claim: Claim, request: ReleaseRequest): boolean {
  const task = tables.task(claim.task)
  if (!isCurrentClaim(task, claim)) return task !== undefined && attemptOf(task, claim)?.end === 'released'
  const released = releaseTask(task, request, { now, stopping: isStopping(tables, task) })
  tables.putTask(released)
  forgetWrites(tables, task)
  if (released.state === 'cancelled') settle(tables, now, released, null)
  return true
}

/** Whether there is something to reclaim. */
export function hasOrphans(tables: Tables): boolean {
  return tables.orphans(1).length > 0
}

export function reclaim(tables: Tables, now: number, limit: number): ReclaimedTask[] {
  return tables.orphans(Math.min(limit, MAX_RECLAIMS_PER_CALL)).map(task => {
    const from = task.owner ?? ''
    const proof = tables.session(from)?.deathProof ?? null
    const freed = takeOver(task, { proof, now, stopping: isStopping(tables, task) })
    tables.putTask(freed)
    forgetWrites(tables, task)
    if (freed.state === 'failed' || freed.state === 'cancelled') settle(tables, now, freed, null)
    return { task: task.id, run: task.run, from, state: freed.state, queue: task.queue }
  })
}

export function resolve(tables: Tables, now: number, id: string, resolution: Resolution, by: string): boolean {
  const task = requireTask(tables, id)
  if (task.state !== 'lost') return false
  const resolved = resolveTask(task, resolution, { by, now })
  tables.putTask(resolved)
  if (resolved.state === 'failed') settle(tables, now, resolved, null)
  return true
}
