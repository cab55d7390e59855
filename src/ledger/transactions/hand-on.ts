/** A session that completed a task goes on with another one, without asking twice. */
import type { SessionRecord, TaskRecord } from '../../lease/records.ts'
import type { ClaimedTask, HandOn } from '../ledger.ts'
import { MAX_SPARE_HAND_ONS } from '../ledger-limits.ts'
import type { Tables } from '../tables.ts'
import { claimOne } from './claim.ts'
import { byUrgency } from './ready-tasks.ts'

/** Each claim is checked as any other. Nobody is overtaken by what is less urgent. `ready`: what the completion of `completed` made ready. */
export function handOn(
  tables: Tables,
  now: number,
  { completed, ready }: { completed: TaskRecord; ready: readonly TaskRecord[] },
  request: HandOn,
): ClaimedTask[] {
  const session = tables.session(request.session)
  if (session === undefined) return []
  const served = request.queues.filter(queue => session.queues.includes(queue))
  const giver: Giver = { tables, now, session, served }
  const placed = forPlaces(giver, ready, request)
  // Asked for what waits and not filled: nothing is left to be claimed ahead.
  if (request.choice !== 'successors' && placed.length < request.claimIds.length) return placed
  return [...placed, ...ahead(giver, completed, request)]
}

interface Giver {
  tables: Tables
  now: number
  session: SessionRecord
  /** Queues that may be handed on from. */
  served: readonly string[]
}

function forPlaces(
  { tables, now, session, served }: Giver,
  ready: readonly TaskRecord[],
  { claimIds, choice }: HandOn,
): ClaimedTask[] {
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
  if (choice === 'successors') return handedOn
  // Some may belong to runs that are being stopped, which is seldom: those behind them are read only then.
  for (const spare of [0, MAX_SPARE_HAND_ONS]) {
    const wanted = claimIds.length - handedOn.length
    if (wanted === 0) break
    const found = waiting(tables, now, served, wanted + spare)
    take(found, () => true)
    if (found.length < wanted) break
  }
  return handedOn
}

/** The front of the line, for as long as it consists of tasks that may wait with the session. */
function ahead(
  { tables, now, session, served }: Giver,
  completed: TaskRecord,
  { aheadIds = [] }: HandOn,
): ClaimedTask[] {
  if (aheadIds.length === 0) return []
  const claimed: ClaimedTask[] = []
  for (const task of waiting(tables, now, served, aheadIds.length + MAX_SPARE_HAND_ONS)) {
    const claimId = aheadIds[claimed.length]
    if (claimId === undefined || !mayWait(task, completed)) break
    const one = claimOne(tables, now, session, { task: task.id, claimId })
    if (one !== undefined) claimed.push(one)
  }
  return claimed
}

/** Whether a task may wait with the session that completed another one. */
export function mayWait(
  { run, dag, effect, deaths }: Pick<TaskRecord, 'run' | 'dag' | 'effect' | 'deaths'>,
  completed: Pick<TaskRecord, 'run' | 'dag'>,
): boolean {
  return run === completed.run && dag === completed.dag && effect !== 'exclusive' && deaths === 0
}

function waiting(tables: Tables, now: number, queues: readonly string[], limit: number): TaskRecord[] {
  return queues.flatMap(queue => tables.readyTasks(queue, now, limit)).sort(byUrgency)
}

function bestWaiting(tables: Tables, now: number, queues: readonly string[]): number {
  return Math.max(-Infinity, ...queues.flatMap(queue => tables.bestReadyPriority(queue, now) ?? []))
}

/** What these claim ids hold already. */
export function handedOnBefore(tables: Tables, now: number, request: HandOn): ClaimedTask[] {
  const session = tables.session(request.session)
  if (session === undefined) return []
  const asked = new Set([...request.claimIds, ...(request.aheadIds ?? [])])
  return tables.claimedBy(session.id).flatMap(({ id, claimId }) => {
    const isOurs = claimId !== null && asked.has(claimId)
    return isOurs ? (claimOne(tables, now, session, { task: id, claimId }) ?? []) : []
  })
}
