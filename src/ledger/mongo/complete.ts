/**
 * Attempts have ended: each is recorded by one write, which also says that its consequences are still to come; then these. Completions that
 * come at the same time share the commands, and a task that is still as this process claimed it is not read again.
 */
import { isCurrentClaim, isFinishedBy } from '../../lease/fence.ts'
import { finishAttempt } from '../../lease/finish-attempt.ts'
import type { Claim, TaskRecord } from '../../lease/records.ts'
import type { AttemptResult, ClaimedTask, Completion, HandOn, PassedTask } from '../ledger.ts'
import { NOTHING_FOLLOWED } from '../transactions/complete.ts'
import type { MayRun } from './advance.ts'
import { changeTask, type ChangedTask } from './change-task.ts'
import { describeClaims } from './claimed-tasks.ts'
import { claimAll } from './claims.ts'
import type { MongoContext } from './context.ts'
import type { WantedClaim } from './decisions.ts'
import { sessionHeadOf, taskDoc, taskOf, type TaskDoc } from './documents.ts'
import { endingChange, followAll, followUp, type FollowUp } from './follow-up.ts'
import { chooseHandOns, type Giver } from './hand-on.ts'
import { choosePassed, lookOutFor, nameCompletely, passedOnBefore, type Passed } from './pass-on.ts'
import { nameReady } from './ready-tasks.ts'
import { cancelIfStopping, isStopping } from './stopping.ts'
import { successorsOf } from './successors.ts'
import { writeTogether } from './write-together.ts'

export interface AskedCompletion {
  claim: Claim
  result: AttemptResult
  handOn?: HandOn | undefined
}

export function complete(
  context: MongoContext,
  claim: Claim,
  result: AttemptResult,
  handOn?: HandOn,
): Promise<Completion> {
  return context.completions.do({ claim, result, handOn }, asked => completeAll(context, asked))
}

async function completeAll(
  context: MongoContext,
  asked: readonly AskedCompletion[],
): Promise<PromiseSettledResult<Completion>[]> {
  const { recorded, successors } = await recordAll(context, asked)
  const together: Recorded[] = []
  const alone: Recorded[] = []
  for (const one of recorded) {
    if (one.status === 'rejected') continue
    const { changed, doc } = one.value
    if (changed && doc?.todo === 'advance') together.push(one.value)
    else alone.push(one.value)
  }
  const [ofTogether, ofAlone] = await Promise.all([
    Promise.allSettled([followTogether(context, together, successors)]),
    Promise.allSettled(alone.map(one => followAlone(context, one))),
  ])
  return recorded.map(one => {
    if (one.status === 'rejected') return one
    const place = together.indexOf(one.value)
    if (place < 0) return ofAlone[alone.indexOf(one.value)] as PromiseSettledResult<Completion>
    const [all] = ofTogether
    return all?.status === 'fulfilled' ? { status: 'fulfilled', value: all.value[place] as Completion } : rejected(all)
  })
}

function rejected(result: PromiseRejectedResult | undefined): PromiseRejectedResult {
  return result ?? { status: 'rejected', reason: new Error('nothing followed') }
}

interface Recorded extends ChangedTask {
  asked: AskedCompletion
}

interface AllRecorded {
  recorded: PromiseSettledResult<Recorded>[]
  /** Read beside it: tasks that nobody but one of these lets run. */
  successors: Map<string, TaskDoc>
}

async function recordAll(context: MongoContext, asked: readonly AskedCompletion[]): Promise<AllRecorded> {
  const token = context.newToken()
  const plans = plansOf(context, asked, token)
  const planned = plans.flatMap(plan => plan ?? [])
  const struck = planned.length === 0 ? undefined : context.strikeOffs.take()
  const [written, read] = await Promise.allSettled([
    writeTogether(context, planned, { isAlone: asked.length === 1, struck }),
    successorsOf(
      context,
      planned.map(({ after }) => after),
    ),
  ])
  // Not before both are over: a write that is still under way must not land behind the back of who hears of a failure.
  if (written.status === 'rejected') throw written.reason
  // What was not read beside it is read when it is asked for.
  const successors = read.status === 'fulfilled' ? read.value : new Map<string, TaskDoc>()
  const own = written.value ? new Set(planned.map(({ after }) => after._id)) : await writtenBy(context, planned)
  const recorded = await Promise.allSettled(
    asked.map(async (one, index): Promise<Recorded> => {
      const plan = plans[index]
      if (plan !== undefined && own.has(plan.after._id)) return { asked: one, doc: plan.after, changed: true }
      return { asked: one, ...(await recordOne(context, one, plan === undefined ? null : token)) }
    }),
  )
  for (const [index, { claim }] of asked.entries()) {
    context.known.held.delete(claim.claimId)
    const result = recorded[index]
    if (result?.status !== 'fulfilled' || !result.value.changed) continue
    context.known.noteEnd(claim.claimId, result.value.doc)
    if (result.value.doc !== undefined) context.known.noteProducer(result.value.doc, context.clock.monotonicMs())
  }
  return { recorded, successors }
}

/** For each the write that records it, when its task is known as it was claimed and only one thing can follow. */
function plansOf(context: MongoContext, asked: readonly AskedCompletion[], token: string): (WantedClaim | undefined)[] {
  const planned = new Set<string>()
  return asked.map(({ claim, result }) => {
    const before = context.known.held.get(claim.claimId)
    const endsWell = result.outcome === 'done' || result.outcome === 'stopped'
    if (!endsWell || before === undefined || planned.has(claim.claimId)) return undefined
    const task = taskOf(before)
    if (!isCurrentClaim(task, claim)) return undefined
    planned.add(claim.claimId)
    // Had its run been stopped since, it would not be as it was claimed any more.
    const finished = finishAttempt(task, result, { now: context.now(), stopping: false })
    const change = endingChange(finished, result.skipSuccessors)
    return { before, after: taskDoc(finished, before, { ...change, rev: before.rev + 1, token }) }
  })
}

/** Which of these stand in the ledger (ids): a strike-off that somebody else made first looks as if one of them had been missed. */
async function writtenBy(context: MongoContext, planned: readonly WantedClaim[]): Promise<Set<string>> {
  if (planned.length < 2) return new Set()
  const tokens = new Map(planned.map(({ after }) => [after._id, after.token]))
  const ids = [...tokens.keys()]
  const docs = await context.answers.ask(() => context.readAllSure(context.collections.tasks, ids))
  return new Set(docs.flatMap(({ _id, token }) => (token !== null && tokens.get(_id) === token ? [_id] : [])))
}

async function recordOne(
  context: MongoContext,
  { claim, result }: AskedCompletion,
  tried: string | null,
): Promise<ChangedTask> {
  const mayRepeat = result.outcome === 'failed' || result.outcome === 'timed-out'
  // A stop that comes after this look was not known to the attempt, and cancels the repetition of a failed one.
  const stopping = mayRepeat && (await isStopping(context, claim.task))
  const decide = (task: TaskRecord | undefined, doc: TaskDoc | undefined) => {
    if (!isCurrentClaim(task, claim)) return undefined
    const standing = { now: context.now(), stopping: stopping || doc?.stopping === true }
    return endingChange(finishAttempt(task, result, standing), result.skipSuccessors)
  }
  const changed = await changeTask(context, claim.task, decide, tried)
  if (changed.changed && changed.doc?.state === 'ready') await cancelIfStopping(context, changed.doc)
  return changed
}

/** What follows from those that were recorded just now. */
async function followTogether(
  context: MongoContext,
  recorded: readonly Recorded[],
  seen: ReadonlyMap<string, TaskDoc>,
): Promise<Completion[]> {
  if (recorded.length === 0) return []
  const docs = recorded.flatMap(({ doc }) => doc ?? [])
  const givers = recorded.flatMap(({ doc, asked: { handOn } }, root): Giver[] =>
    doc === undefined || handOn === undefined ? [] : [{ completed: doc, root, handOn }],
  )
  let wereBlocked: ReadonlySet<string> = new Set()
  let wanted = 0
  let passed: Passed[] = []
  const known = new Map(docs.map(doc => [doc._id, doc]))
  const choose = async (mayRun: readonly MayRun[], token: string): Promise<WantedClaim[]> => {
    await lookOutFor(context, givers, mayRun)
    const claims = await chooseHandOns(context, givers, mayRun, token)
    const taken = new Set(claims.map(({ before }) => before._id))
    passed = await choosePassed(context, givers, mayRun, { token, taken, known })
    wanted = claims.length + passed.length
    wereBlocked = new Set(claims.flatMap(({ before }) => (before.state === 'blocked' ? [before._id] : [])))
    return [...claims, ...passed]
  }
  const { each, claimed } = await followAll(context, docs, { choose, seen })
  context.strikeOffs.add(docs)
  if (claimed.length < wanted) context.known.noteContention(context.clock.monotonicMs())
  const byId = new Map(claimed.map(doc => [doc._id, doc]))
  const others = new Set(passed.map(({ before }) => before._id))
  const own = claimed.filter(({ _id }) => !others.has(_id))
  for (const [index, { _id, token }] of docs.entries()) {
    context.known.followed.set(_id, { token, dagEnded: each[index]?.dagEnded ?? null })
  }
  const described = await describeClaims(context, own, { wereBlocked, known })
  return recorded.map(({ doc, asked }, index) => {
    const { ready, dagEnded, runEnded } = each[index] as FollowUp
    const handedOn = described.filter(({ claim }) => isOf(asked.handOn, claim.claimId))
    const passedOn = passed.flatMap(({ root, after, to }): PassedTask[] => {
      const doc = root === index ? byId.get(after._id) : undefined
      return doc === undefined ? [] : [nameCompletely(context, doc, to)]
    })
    const more = { handedOn, passedOn, dagEnded, runEnded }
    return { accepted: true, state: doc?.state ?? 'done', ready: nameReady(ready), ...more }
  })
}

function isOf(handOn: HandOn | undefined, claimId: string): boolean {
  return handOn !== undefined && (handOn.claimIds.includes(claimId) || handOn.aheadIds?.includes(claimId) === true)
}

/**
 * Of one that failed, was recorded before or was refused. Of a repeated completion, what the first one left undone is done now, and what it
 * handed on is told again.
 */
async function followAlone(
  context: MongoContext,
  { asked: { claim, result, handOn }, doc, changed }: Recorded,
): Promise<Completion> {
  if (doc === undefined) return { ...NOTHING_FOLLOWED, accepted: false, state: 'cancelled' }
  if (!changed && !isFinishedBy(taskOf(doc), claim, result.outcome)) {
    return { ...NOTHING_FOLLOWED, accepted: false, state: doc.state }
  }
  if (doc.state === 'ready') {
    const ready = changed ? nameReady([doc]) : []
    return { ...NOTHING_FOLLOWED, accepted: true, state: 'ready', ready }
  }
  const before = context.known.followed.get(doc._id)
  const isFollowed = before !== undefined && before.token === doc.token
  const { ready, dagEnded, runEnded } = isFollowed
    ? { ready: [], dagEnded: before.dagEnded, runEnded: null }
    : await followUp(context, doc)
  const isRepeated = !changed && handOn !== undefined
  const handedOn = isRepeated ? await handedOnBefore(context, handOn) : []
  const passedOn = isRepeated ? await passedOnBefore(context, handOn) : []
  const kept = new Set([...handedOn, ...passedOn].map(({ claim: { task } }) => task))
  const left = ready.filter(({ _id }) => !kept.has(_id))
  const told = { handedOn, passedOn, dagEnded, runEnded }
  return { accepted: true, state: doc.state, ready: nameReady(left), ...told }
}

/** What these claim ids hold already. */
async function handedOnBefore(
  context: MongoContext,
  { session: id, claimIds, aheadIds = [] }: HandOn,
): Promise<ClaimedTask[]> {
  const { sessions, tasks } = context.collections
  const session = await context.get(sessions, id)
  if (session === null) return []
  const asked = [...claimIds, ...aheadIds]
  const held = await context.list(tasks, { state: 'claimed', owner: id, claimId: { $in: asked } })
  const requests = held.map(({ _id, claimId }) => ({ task: _id, claimId: claimId ?? '' }))
  return claimAll(context, sessionHeadOf(session), requests)
}
