/**
 * A completion claims successors for the sessions of others, in the write that would make them ready. What is chosen follows the rules of the
 * ledgers with transactions, from what was read a moment ago; each claim is written on condition that its task is still blocked.
 */
import type { Filter } from 'mongodb'
import { taskId } from '../../../protocols/ids.ts'
import { readyTask } from '../../lease/advance-task.ts'
import { MAX_PASSED_ON, mayPassOn, rankReceivers } from '../../lease/decide-passing.ts'
import { claimOf } from '../../lease/fence.ts'
import type { SessionHead, TaskRecord } from '../../lease/records.ts'
import { hasNeeds } from '../../workflow/needs.ts'
import type { ClaimedTask, HandOn, PassedTask } from '../ledger.ts'
import { byUrgency } from '../transactions/ready-tasks.ts'
import type { MayRun } from './advance.ts'
import { describeClaims } from './claimed-tasks.ts'
import { wantedClaim } from './claims.ts'
import { BOUNDED, type MongoContext } from './context.ts'
import type { WantedClaim } from './decisions.ts'
import { sessionHeadOf, taskOf, type SessionHeadDoc, type TaskDoc } from './documents.ts'
import { isBlocked, type Giver } from './hand-on.ts'
import { inputsAtHand, type Producer } from './inputs.ts'
import { inParallel } from './in-parallel.ts'
import type { Outlook } from './known.ts'
import { MAX_FIRST_IN_LINE } from './mongo-limits.ts'
import { makePassedWord } from './passed-word.ts'
import { BY_URGENCY, holdersOfInputs } from './ready-tasks.ts'

export interface Passed extends WantedClaim {
  root: number
  to: SessionHead
}

interface Rest {
  token: string
  /** Tasks (ids) that are handed on already. */
  taken: ReadonlySet<string>
  known: ReadonlyMap<string, Producer>
}

/**
 * Where something is likely to be passed on, what there is to know for that and for what is handed on is read by one command, and not first the
 * one and then the other.
 */
export async function lookOutFor(
  context: MongoContext,
  givers: readonly Giver[],
  mayRun: readonly MayRun[],
): Promise<void> {
  const [giver, ...more] = givers
  if (giver === undefined || more.length > 0) return
  const { root, handOn } = giver
  const isForOthers = ({ doc, root: of }: MayRun) => of === root && isBlocked(doc) && !handOn.queues.includes(doc.queue)
  if (handOn.passOn === undefined || !mayRun.some(isForOthers)) return
  const receivers = await receiversOf(context, handOn.passOn.to, [handOn.session])
  if (receivers.length > 0) await outlookOf(context, receivers, [...new Set(handOn.queues)])
}

/** Of the successors that are left. */
export async function choosePassed(
  context: MongoContext,
  givers: readonly Giver[],
  mayRun: readonly MayRun[],
  rest: Rest,
): Promise<Passed[]> {
  const passed: Passed[] = []
  for (const giver of givers) passed.push(...(await passFrom(context, giver, mayRun, rest)))
  return passed
}

async function passFrom(
  context: MongoContext,
  { root, handOn: { session: id, passOn: wish } }: Giver,
  mayRun: readonly MayRun[],
  { token, taken, known }: Rest,
): Promise<Passed[]> {
  const left = mayRun.filter(one => one.root === root && isBlocked(one.doc) && !taken.has(one.doc._id))
  if (wish === undefined || root === null || left.length === 0) return []
  const giver = await context.session(id)
  if (giver === null || giver.state === 'dead') return []
  const now = context.now()
  const tasks = left
    .map(({ doc }) => ({ doc, ready: readyTask(taskOf(doc), now) }))
    .filter(({ ready }) => mayPassOn(ready, giver))
    .sort((one, other) => byUrgency(one.ready, other.ready))
  if (tasks.length === 0 || tasks.length > MAX_PASSED_ON) return []
  const receivers = await receiversOf(context, wish.to)
  if (receivers.length === 0) return []
  const outlook = await outlookOf(context, receivers)
  const inputs =
    receivers.length > 1
      ? await holdersOfInputs(
          context,
          tasks.map(({ doc }) => doc),
        )
      : new Map()
  const passed: Passed[] = []
  for (const { doc, ready } of tasks) {
    const claimId = wish.claimIds[passed.length]
    if (claimId === undefined) break
    const ranked = rankReceivers({ ...ready, inputs: inputs.get(doc._id) ?? [] }, receivers)
    for (const session of ranked) {
      if (!hasPlace(session, outlook) || !isFirstInLine(ready, session, outlook)) continue
      const claim = wantedClaim(context, doc, session, { claimId, token, task: ready, now, passedBy: id })
      if (claim === undefined) continue
      session.places -= 1
      outlook.passed.set(doc._id, session.id)
      const given = inputsAtHand(context, doc, known)
      const after = given === undefined ? claim.after : { ...claim.after, given }
      passed.push({ before: doc, after, root, to: session })
      break
    }
  }
  return passed
}

type ReceivingSession = ReturnType<typeof sessionHeadOf> & { places: number }

/** `beside`: a session that will be asked for next. */
async function receiversOf(
  context: MongoContext,
  to: NonNullable<HandOn['passOn']>['to'],
  beside: readonly string[] = [],
): Promise<ReceivingSession[]> {
  const sessions = await context.sessions([...beside, ...to.map(({ session }) => session)])
  return to.flatMap(({ session: id, places }) => {
    const session = sessions.get(id)
    return session === undefined || session.state === 'dead' ? [] : [{ ...sessionHeadOf(session), places }]
  })
}

/**
 * What these sessions hold, and what is first in line in their queues: believed for a moment, with what this process adds to it. `own`: queues of
 * the giver, of which it is to be known how urgent the first in line is, too.
 */
async function outlookOf(
  context: MongoContext,
  receivers: readonly ReceivingSession[],
  own: readonly string[] = [],
): Promise<Outlook> {
  const sessions = receivers.map(({ id }) => id)
  const nowMs = context.clock.monotonicMs()
  const known = context.known.outlook(sessions, nowMs)
  const isEnough = own.length === 0 || context.known.urgency(own, nowMs) !== undefined
  if (isEnough && known !== undefined && receivers.every(session => hasPlace(session, known))) return known
  const { outlook, urgency } = await lookOut(context, sessions, queuesOf(receivers), own)
  context.known.noteOutlook(sessions, outlook, nowMs)
  if (own.length > 0) context.known.noteUrgency(own, urgency, nowMs)
  return outlook
}

function queuesOf(receivers: readonly ReceivingSession[]): string[] {
  return [...new Set(receivers.flatMap(({ queues }) => queues.filter(queue => !hasNeeds(queue))))]
}

/** By one command. */
async function lookOut(
  context: MongoContext,
  sessions: string[],
  queues: string[],
  own: readonly string[],
): Promise<{ outlook: Outlook; urgency: number }> {
  const {
    answers,
    collections: { tasks },
  } = context
  const due = { $lte: context.now() }
  const firstIn = (served: readonly string[], limit: number, whose: 'theirs' | 'own') => ({
    $unionWith: {
      coll: tasks.collectionName,
      pipeline: [
        { $match: { state: 'ready' as const, queue: { $in: [...served] }, due } },
        { $sort: BY_URGENCY },
        { $limit: limit },
        { $project: { queue: 1, priority: 1, whose: { $literal: whose } } },
      ],
    },
  })
  const stages = [
    { $match: { state: 'claimed' as const, owner: { $in: sessions } } },
    { $group: { _id: '$owner', held: { $sum: 1 } } },
    firstIn(queues, MAX_FIRST_IN_LINE, 'theirs'),
    ...(own.length === 0 ? [] : [firstIn(own, 1, 'own')]),
  ]
  const options = { ...BOUNDED, batchSize: sessions.length + MAX_FIRST_IN_LINE + 2 }
  const found = await answers.ask(() => tasks.aggregate<Seen>(stages, options).toArray())
  const held = new Map(found.flatMap(one => ('held' in one ? [[one._id, one.held] as const] : [])))
  const inLine = found.flatMap(one => ('held' in one ? [] : [one]))
  const first = inLine.filter(({ whose }) => whose === 'theirs')
  const urgency = inLine.find(({ whose }) => whose === 'own')?.priority ?? Number.NEGATIVE_INFINITY
  return { outlook: { held, passed: new Map(), first }, urgency }
}

type Seen = { _id: string; held: number } | { _id: string; queue: string; priority: number; whose: 'theirs' | 'own' }

function heldBy(session: string, { held, passed }: Outlook): number {
  return (
    (held.get(session) ?? 0) +
    passed
      .values()
      .filter(owner => owner === session)
      .toArray().length
  )
}

/** By what its giver heard of it, and by what it holds: several may think of the same place. What waits in a join counts, too. */
function hasPlace({ id, places, capacity }: ReceivingSession, outlook: Outlook): boolean {
  return places > 0 && heldBy(id, outlook) < capacity
}

/** Nothing as urgent waits for this session. What is not among the first in line is not more urgent than the last of these. */
function isFirstInLine({ priority }: TaskRecord, { queues }: ReceivingSession, { first }: Outlook): boolean {
  const beyond = first.length < MAX_FIRST_IN_LINE ? undefined : first.at(-1)
  const best = first.find(({ queue }) => queues.includes(queue)) ?? beyond
  return best === undefined || best.priority < priority
}

/** `doc`: as it was claimed. */
export function nameCompletely(
  context: MongoContext,
  doc: TaskDoc,
  { id: session, peer, beat }: SessionHead,
): PassedTask {
  const row = makePassedWord(context, doc)
  return { claim: claimOf(taskOf(doc)), session, peer, ...(row === undefined ? {} : { word: { beat, row } }) }
}

/** What these claim ids hold already. */
export async function passedOnBefore(context: MongoContext, { passOn: wish }: HandOn): Promise<PassedTask[]> {
  if (wish === undefined) return []
  const owners = wish.to.map(({ session }) => session)
  const held: Filter<TaskDoc> = { state: 'claimed', owner: { $in: owners }, claimId: { $in: [...wish.claimIds] } }
  const docs = await context.list(context.collections.tasks, held)
  return inParallel(docs, async doc => {
    const session = (await context.session(doc.owner ?? '')) as SessionHeadDoc
    return { claim: claimOf(taskOf(doc)), session: session._id, peer: session.peer }
  })
}

/**
 * Read surely: what a deposed primary tells of may have ended here since, and would begin once more. What ended here is left out all the same.
 */
export async function passedTo(context: MongoContext, id: string, except: readonly string[]): Promise<ClaimedTask[]> {
  const session = await context.session(id)
  if (session === null || session.state === 'dead') return []
  const held: Filter<TaskDoc> = {
    state: 'claimed',
    owner: id,
    'history.passedBy': { $exists: true },
    ...(except.length === 0 ? {} : { claimId: { $nin: [...except] } }),
  }
  const docs = await context.listSurely(context.collections.tasks, held)
  const passed = docs.filter(({ claimId, history }) => {
    return history.at(-1)?.passedBy !== undefined && context.known.ended.get(claimId ?? '') !== true
  })
  for (const { run, dag, feeds = [] } of passed) {
    context.known.noteFollowed(feeds.map(({ name }) => taskId(run, dag, name)))
  }
  return describeClaims(context, passed, { wereBlocked: new Set(passed.map(({ _id }) => _id)) })
}
