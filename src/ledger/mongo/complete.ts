/** An attempt has ended: recorded by one write, which also says that its consequences are still to come; then these. */
import { isCurrentClaim, isFinishedBy } from '../../lease/fence.ts'
import { finishAttempt } from '../../lease/finish-attempt.ts'
import type { Claim, TaskRecord } from '../../lease/records.ts'
import type { AttemptResult, ClaimedTask, Completion, HandOn } from '../ledger.ts'
import { byUrgency } from '../transactions/ready-tasks.ts'
import { changeTask } from './change-task.ts'
import { claimAll } from './claims.ts'
import type { MongoContext } from './context.ts'
import { sessionOf, taskOf, type TaskDoc } from './documents.ts'
import { endingChange, followUp } from './follow-up.ts'
import { describeReady } from './ready-tasks.ts'
import { isStopping } from './stopping.ts'

export async function complete(
  context: MongoContext,
  claim: Claim,
  result: AttemptResult,
  handOn?: HandOn,
): Promise<Completion> {
  // A stop that comes after this look was not known to the attempt, and cancels the repetition of a failed one.
  const stopping = await isStopping(context, claim.task)
  const { doc, changed } = await changeTask(context, claim.task, task => {
    if (!isCurrentClaim(task, claim)) return undefined
    const finished = finishAttempt(task, result, { now: context.now(), stopping })
    return endingChange(finished, result.skipSuccessors)
  })
  if (doc === undefined) return { ...NOTHING_FOLLOWED, accepted: false, state: 'cancelled' }
  if (!changed && !isFinishedBy(taskOf(doc), claim, result.outcome))
    return { ...NOTHING_FOLLOWED, accepted: false, state: doc.state }
  return follow(context, doc, changed, handOn)
}

const NOTHING_FOLLOWED = { ready: [], handedOn: [], dagEnded: null, runEnded: null }

/** Also for a repeated completion: what the first one left undone is done now, and what it handed on is told again. */
async function follow(context: MongoContext, doc: TaskDoc, changed: boolean, handOn?: HandOn): Promise<Completion> {
  if (doc.state === 'ready') {
    const ready = changed ? await describeReady(context, [taskOf(doc)]) : []
    return { ...NOTHING_FOLLOWED, accepted: true, state: 'ready', ready }
  }
  const { ready, dagEnded, runEnded } = await followUp(context, doc)
  const before = changed || handOn === undefined ? [] : await handedOnBefore(context, handOn)
  const handedOn = before.length > 0 || handOn === undefined ? before : await handOnFirst(context, ready, handOn)
  const kept = new Set(handedOn.map(({ task }) => task.id))
  const left = ready.filter(({ id }) => !kept.has(id))
  return { accepted: true, state: doc.state, ready: await describeReady(context, left), handedOn, dagEnded, runEnded }
}

/** Each claim is checked as any other. Nobody is overtaken: only tasks at least as urgent as the best one waiting in these queues. */
async function handOnFirst(
  context: MongoContext,
  ready: readonly TaskRecord[],
  { session: sessionId, queues, claimIds, choice }: HandOn,
): Promise<ClaimedTask[]> {
  if (choice === 'in-turn') return []
  const candidates = ready.filter(({ queue }) => queues.includes(queue)).sort(byUrgency)
  if (candidates.length === 0 || claimIds.length === 0) return []
  const session = await context.get(context.collections.sessions, sessionId)
  if (session === null || session.state === 'dead') return []
  const served = queues.filter(queue => session.queues.includes(queue))
  const best = await bestWaiting(context, served)
  const chosen = candidates.filter(({ queue, priority }) => served.includes(queue) && priority >= best)
  const requests = claimIds.flatMap((claimId, index) => {
    const task = chosen[index]
    return task === undefined ? [] : [{ task: task.id, claimId }]
  })
  return claimAll(context, sessionOf(session), requests)
}

async function bestWaiting(context: MongoContext, queues: readonly string[]): Promise<number> {
  const waiting = { state: 'ready' as const, queue: { $in: [...queues] }, due: { $lte: context.now() } }
  const options = { sort: { priority: -1 }, limit: 1, projection: { priority: 1 } } as const
  const [best] = await context.list(context.collections.tasks, waiting, options)
  return best?.priority ?? Number.NEGATIVE_INFINITY
}

/** What these claim ids hold already. */
async function handedOnBefore(context: MongoContext, { session: id, claimIds }: HandOn): Promise<ClaimedTask[]> {
  const { sessions, tasks } = context.collections
  const session = await context.get(sessions, id)
  if (session === null) return []
  const held = await context.list(tasks, { state: 'claimed', owner: id, claimId: { $in: [...claimIds] } })
  const requests = held.map(({ _id, claimId }) => ({ task: _id, claimId: claimId ?? '' }))
  return claimAll(context, sessionOf(session), requests)
}
