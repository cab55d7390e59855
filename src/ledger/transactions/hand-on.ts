/** A session that completed a task goes on with another one, without asking twice. */
import type { TaskRecord } from '../../lease/records.ts'
import type { ClaimedTask, HandOn } from '../ledger.ts'
import { MAX_SPARE_HAND_ONS } from '../ledger-limits.ts'
import type { Tables } from '../tables.ts'
import { claimOne } from './claim.ts'
import { byUrgency } from './ready-tasks.ts'

/** Each claim is checked as any other. Nobody is overtaken by what is less urgent. */
export function handOnFirst(
  tables: Tables,
  now: number,
  ready: readonly TaskRecord[],
  { session: sessionId, queues, claimIds, choice }: HandOn,
): ClaimedTask[] {
  const session = tables.session(sessionId)
  if (session === undefined) return []
  const served = queues.filter(queue => session.queues.includes(queue))
  const handedOn: ClaimedTask[] = []
  const take = (tasks: readonly TaskRecord[], mayTake: (task: TaskRecord) => boolean): void => {
    for (const task of tasks) {
      const claimId = claimIds[handedOn.length]
      if (claimId === undefined || !mayTake(task)) return
      const claimed = claimOne(tables, now, session, { task: task.id, claimId })
      if (claimed !== undefined) handedOn.push(claimed)
    }
  }
  if (choice !== 'in-turn') {
    const own = ready.filter(({ queue }) => served.includes(queue)).sort(byUrgency)
    take(own, ({ priority }) => priority >= bestWaiting(tables, now, served))
  }
  const wanted = claimIds.length - handedOn.length
  if (choice !== 'successors' && wanted > 0) take(waiting(tables, now, served, wanted), () => true)
  return handedOn
}

/** A few more than are wanted: not all that are ready may be claimed. */
function waiting(tables: Tables, now: number, queues: readonly string[], wanted: number): TaskRecord[] {
  return queues.flatMap(queue => tables.readyTasks(queue, now, wanted + MAX_SPARE_HAND_ONS)).sort(byUrgency)
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
