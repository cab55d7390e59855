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
  for (const task of candidates(tables, now, ready, { served, count: claimIds.length, choice })) {
    const claimId = claimIds[handedOn.length]
    if (claimId === undefined) break
    const claimed = claimOne(tables, now, session, { task: task.id, claimId })
    if (claimed !== undefined) handedOn.push(claimed)
  }
  return handedOn
}

interface Wanted {
  served: readonly string[]
  count: number
  choice: HandOn['choice']
}

/** Best first; a few more than are wanted, since not all that are ready may be claimed. */
function candidates(
  tables: Tables,
  now: number,
  ready: readonly TaskRecord[],
  { served, count, choice }: Wanted,
): TaskRecord[] {
  const own = choice === 'in-turn' ? [] : ready.filter(({ queue }) => served.includes(queue)).sort(byUrgency)
  const best = own.length === 0 ? -Infinity : bestWaiting(tables, now, served)
  const favoured = own.slice(0, count).filter(({ priority }) => priority >= best)
  if (choice === 'successors' || favoured.length >= count) return favoured
  const chosen = new Set(favoured.map(({ id }) => id))
  const waiting = served.flatMap(queue => tables.readyTasks(queue, now, count + MAX_SPARE_HAND_ONS))
  return [...favoured, ...waiting.filter(({ id }) => !chosen.has(id)).sort(byUrgency)]
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
