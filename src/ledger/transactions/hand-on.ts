/** A session that completed a task goes on with what became ready, without asking twice. */
import type { TaskRecord } from '../../lease/records.ts'
import type { ClaimedTask, HandOn } from '../ledger.ts'
import type { Tables } from '../tables.ts'
import { claimOne } from './claim.ts'
import { byUrgency } from './ready-tasks.ts'

/** Each claim is checked as any other. Nobody is overtaken: only tasks at least as urgent as the best one waiting in these queues. */
export function handOnFirst(
  tables: Tables,
  now: number,
  ready: readonly TaskRecord[],
  { session: sessionId, queues, claimIds }: HandOn,
): ClaimedTask[] {
  const session = tables.session(sessionId)
  if (session === undefined) return []
  const served = queues.filter(queue => session.queues.includes(queue))
  const candidates = ready.filter(({ queue }) => served.includes(queue)).sort(byUrgency)
  const handedOn: ClaimedTask[] = []
  for (const [index, claimId] of claimIds.entries()) {
    const task = candidates[index]
    if (task === undefined || task.priority < bestWaiting(tables, now, served)) break
    const claimed = claimOne(tables, now, session, { task: task.id, claimId })
    if (claimed !== undefined) handedOn.push(claimed)
  }
  return handedOn
}

function bestWaiting(tables: Tables, now: number, queues: readonly string[]): number {
  return Math.max(-Infinity, ...queues.flatMap(queue => tables.bestReadyPriority(queue, now) ?? []))
}

/** What these claim ids hold already. */
export function handedOnBefore(tables: Tables, now: number, { session: sessionId, claimIds }: HandOn): ClaimedTask[] {
  const session = tables.session(sessionId)
  if (session === undefined) return []
  return tables.claimedBy(sessionId).flatMap(({ id, claimId }) => {
    const isOurs = claimId !== null && claimIds.includes(claimId)
    return isOurs ? (claimOne(tables, now, session, { task: id, claimId }) ?? []) : []
  })
}
