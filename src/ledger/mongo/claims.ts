/**
 * Claims. The write that wins a task cannot look at its run and DAG, which are other documents: so these are read, surely, after the claim is
 * acknowledged, and a claim that landed in something that stops is taken back before anybody hears of it.
 */
import type { AnyBulkWriteOperation } from 'mongodb'
import { claimTask, mayClaim } from '../../lease/claim-task.ts'
import type { DagRecord, SessionHead, TaskRecord } from '../../lease/records.ts'
import { MAX_CLAIMS_PER_CALL } from '../ledger-limits.ts'
import type { ClaimedTask, ClaimRequest } from '../ledger.ts'
import { sessionBuried } from '../transactions/claim.ts'
import { describeClaims } from './claimed-tasks.ts'
import { BOUNDED, type MongoContext } from './context.ts'
import type { WantedClaim } from './decisions.ts'
import { sessionHeadOf, taskDoc, taskOf, unchanged, type TaskDoc } from './documents.ts'

export async function claim(
  context: MongoContext,
  sessionId: string,
  claims: readonly ClaimRequest[],
): Promise<ClaimedTask[]> {
  const seen = await context.session(sessionId)
  const isOpen = seen?.state === 'alive' || seen?.state === 'draining'
  const session = isOpen ? seen : await context.sure(context.collections.sessions, sessionId)
  if (session === null || session.state === 'dead') throw sessionBuried(sessionId)
  return claimAll(context, sessionHeadOf(session), claims.slice(0, MAX_CLAIMS_PER_CALL))
}

/** Those that were won, now or by the same request before, in the order of the requests. */
export async function claimAll(
  context: MongoContext,
  session: SessionHead,
  requests: readonly ClaimRequest[],
): Promise<ClaimedTask[]> {
  if (requests.length === 0) return []
  const won = await context.answers.ask((...how) => tryAll(context, session, requests, ...how))
  return describeClaims(context, won)
}

/**
 * The task as it is when it is claimed so; undefined when it is not to be had. Its run and DAG are looked at when it is won. `task`: what it
 * is to be claimed as, where that is not what stands there: a blocked one as ready. `passedBy`: the session that claims it for this one.
 */
export function wantedClaim(
  context: MongoContext,
  before: TaskDoc,
  session: SessionHead,
  {
    claimId,
    token,
    task = taskOf(before),
    now = context.now(),
    passedBy,
  }: { claimId: string; token: string; task?: TaskRecord; now?: number; passedBy?: string },
): WantedClaim | undefined {
  const assumed = { state: 'running', stop: null } as DagRecord
  if (!mayClaim(task, { session, run: assumed, dag: assumed, now })) return undefined
  const by = passedBy === undefined ? {} : { passedBy }
  const after = taskDoc(claimTask(task, { session, claimId, now, ...by }), before, { rev: before.rev + 1, token })
  return { before, after }
}

/** One batch: a write for each task, and when that missed some, a read that says which of them were won (R8). */
async function tryAll(
  context: MongoContext,
  session: SessionHead,
  requests: readonly ClaimRequest[],
  again: boolean,
  stillWanted: () => void,
): Promise<TaskDoc[]> {
  const token = context.newToken()
  const ids = requests.map(({ task }) => task)
  const known = again ? byId(await context.readAllSure(context.collections.tasks, ids)) : await seenOrRead(context, ids)
  const first = split(context, session, requests, { known, token })
  stillWanted()
  const result = await writeAll(context, first.wanted)
  const won = [...(again ? first.held : []), ...result.won]
  // What this write did not win itself is only relied on after a sure read.
  const earlier = again ? [...result.held] : [...first.held, ...result.held]
  if (result.now.size > 0) {
    // It was seen a moment ago: others may have changed it, and it may still be to be had.
    const second = split(context, session, first.open(result), { known: result.now, token })
    stillWanted()
    const later = await writeAll(context, second.wanted)
    won.push(...later.won)
    earlier.push(...later.held)
  }
  const sure = await context.readAllSure(
    context.collections.tasks,
    earlier.map(({ _id }) => _id),
  )
  return inOrder(requests, [...sure, ...won])
}

interface Split {
  /** Claimed by these requests before. */
  held: TaskDoc[]
  wanted: WantedClaim[]
  /** Requests that nothing came of. */
  open: (result: Written) => ClaimRequest[]
}

function split(
  context: MongoContext,
  session: SessionHead,
  requests: readonly ClaimRequest[],
  { known, token }: { known: ReadonlyMap<string, TaskDoc>; token: string },
): Split {
  const held: TaskDoc[] = []
  const wanted: WantedClaim[] = []
  for (const { task: id, claimId } of requests) {
    const before = known.get(id)
    if (before === undefined) continue
    if (before.state === 'claimed' && before.owner === session.id && before.claimId === claimId) held.push(before)
    else wanted.push(...[wantedClaim(context, before, session, { claimId, token }) ?? []].flat())
  }
  const open = ({ won, held: others }: Written): ClaimRequest[] => {
    const settled = new Set([...held, ...won, ...others].map(({ _id }) => _id))
    return requests.filter(({ task }) => !settled.has(task))
  }
  return { held, wanted, open }
}

interface Written {
  /** By this write. */
  won: TaskDoc[]
  /** As wanted, but by an earlier try of the same request that landed only now (R6). */
  held: TaskDoc[]
  /** As they are now, when not all were won. */
  now: ReadonlyMap<string, TaskDoc>
}

async function writeAll(context: MongoContext, wanted: readonly WantedClaim[]): Promise<Written> {
  const { tasks } = context.collections
  const [first] = wanted
  if (first === undefined) return { won: [], held: [], now: new Map() }
  const isAll = (await replaceAll(tasks, wanted)) === wanted.length
  if (isAll) return { won: wanted.map(({ after }) => after), held: [], now: new Map() }
  const ids = wanted.map(({ before }) => before._id)
  const now = byId(await tasks.find({ _id: { $in: ids } }, { ...BOUNDED, batchSize: ids.length + 1 }).toArray())
  const claimed = wanted.flatMap(({ after }) => {
    const doc = now.get(after._id)
    return doc?.state === 'claimed' && doc.claimId === after.claimId ? [doc] : []
  })
  const { token } = first.after
  return {
    won: claimed.filter(doc => doc.token === token),
    held: claimed.filter(doc => doc.token !== token),
    now,
  }
}

/** How many of them were as they had been read, and are replaced; `before`: what is done in the same command, with what that met. */
export async function replaceAll(
  tasks: MongoContext['collections']['tasks'],
  wanted: readonly WantedClaim[],
  before: readonly AnyBulkWriteOperation<TaskDoc>[] = [],
): Promise<number> {
  const [first] = wanted
  if (first !== undefined && wanted.length + before.length === 1) {
    return (await tasks.replaceOne(unchanged(first.before), first.after, BOUNDED)).matchedCount
  }
  const writes = wanted.map(({ before, after }) => ({
    replaceOne: { filter: unchanged(before), replacement: after },
  }))
  return (await tasks.bulkWrite([...before, ...writes], { ...BOUNDED, ordered: false })).matchedCount
}

/** As the last look showed them; those that it did not show are read. */
async function seenOrRead(context: MongoContext, ids: readonly string[]): Promise<Map<string, TaskDoc>> {
  const { peeked } = context.known
  const seen = ids.flatMap(id => peeked.get(id) ?? [])
  const unseen = ids.filter(id => !peeked.has(id))
  const options = { ...BOUNDED, batchSize: unseen.length + 1 }
  const { tasks } = context.collections
  const read = unseen.length === 0 ? [] : await tasks.find({ _id: { $in: unseen } }, options).toArray()
  return byId([...seen, ...read])
}

function byId(docs: readonly TaskDoc[]): Map<string, TaskDoc> {
  return new Map(docs.map(doc => [doc._id, doc]))
}

function inOrder(requests: readonly ClaimRequest[], docs: readonly TaskDoc[]): TaskDoc[] {
  const found = byId(docs)
  return requests.flatMap(({ task, claimId }) => {
    const doc = found.get(task)
    return doc?.state === 'claimed' && doc.claimId === claimId ? [doc] : []
  })
}
