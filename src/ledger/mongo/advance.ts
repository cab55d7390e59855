/**
 * The fan-out of tasks that have ended: each votes on its edges, and whoever casts the last vote on a task decides it. Everything can be
 * repeated by anybody: a vote is cast once and follows from records that do not change any more, and a decision is a write on condition that
 * the task is still blocked. No wake-up is lost, because a voter looks for missing votes after its own votes are acknowledged: of two
 * last voters at least one sees all votes. What somebody else seems to have written already is written all the same, since it may be
 * rolled back: the write changes nothing, but a majority confirms it.
 *
 * A task with one predecessor needs no vote: its fate follows from how that one ended.
 */
import { taskId } from '../../../protocols/ids.ts'
import { skipTask } from '../../lease/advance-task.ts'
import type { TaskRecord, Vote } from '../../lease/records.ts'
import { decide, voteOf, type Ending } from '../../lease/votes.ts'
import { emptyBallot, nameIn, type Ballot, type Ended } from './ballot.ts'
import { BOUNDED, type MongoContext } from './context.ts'
import type { EdgeDoc, TaskDoc } from './documents.ts'
import { foreseeSkips } from './foresee-skips.ts'
import { inGroups } from './in-parallel.ts'
import { MAX_DOCUMENTS_PER_WRITE, MAX_LEVELS_STEP_BY_STEP } from './mongo-limits.ts'

/** Who waits for an input that is made again was decided long ago. */
export const UNDECIDED = { state: 'blocked' as const, awaits: { $exists: false } }

export interface Root {
  doc: TaskDoc
  ending: Ending
}

/** A task all of whose predecessors have ended, as it was when that was seen. */
export interface MayRun {
  doc: TaskDoc
  /** By which of the roots. */
  root: number
}

export interface Told {
  /** In order of definition; still to be made ready. */
  mayRun: MayRun[]
  /** Roots of which a successor waits for another task, and will be told of that one's end. */
  waiting: ReadonlySet<number>
}

/** Tells the successors. What is to be skipped is skipped. `seen`: tasks that were read already. */
export async function tellSuccessors(
  context: MongoContext,
  roots: readonly Root[],
  seen: ReadonlyMap<string, TaskDoc> = new Map(),
): Promise<Told> {
  const mayRun: MayRun[] = []
  const waiting = new Map<string, number>()
  let ended = roots.map(({ doc, ending }, root) => endedOf(doc, ending, root))
  for (let level = 0; ended.length > 0; level++) {
    const isLong = level >= MAX_LEVELS_STEP_BY_STEP
    const ballot = isLong ? await foreseeSkips(context, ended) : await ballotOf(context, ended)
    await castVotes(context, ballot.votes)
    await skipAll(context, ballot.skipped)
    const decided = await decideOpen(context, ballot, seen)
    mayRun.push(...decided.mayRun)
    // What waited for one that was skipped in turn has heard of it on a later level.
    for (const to of [...ballot.roots.keys(), ...ballot.skipped]) waiting.delete(to)
    for (const to of decided.waiting) waiting.set(to, ballot.roots.get(to) ?? 0)
    ended = decided.skipped
  }
  mayRun.sort((one, other) => one.doc.index - other.doc.index)
  return { mayRun, waiting: new Set(waiting.values()) }
}

function endedOf({ _id, run, dag, next }: TaskDoc, ending: Ending, root: number): Ended {
  return { _id, run, dag, ...(next === undefined ? {} : { next }), ending, root }
}

async function ballotOf(context: MongoContext, ended: readonly Ended[]): Promise<Ballot> {
  const ballot = emptyBallot()
  for (const { _id, run, dag, next, ending, root } of ended) {
    for (const { name, sole } of next ?? []) {
      const to = taskId(run, dag, name)
      const vote = voteOf(ending, name)
      ballot.roots.set(to, root)
      if (sole) ballot.sole.set(to, vote)
      else castOn(ballot, `${_id}>${name}`, to, vote)
    }
  }
  await readEdges(context, ballot, new Map(ended.flatMap(one => (one.next === undefined ? [[one._id, one]] : []))))
  return ballot
}

/** Of tasks that do not name their successors. */
async function readEdges(context: MongoContext, ballot: Ballot, ended: ReadonlyMap<string, Ended>): Promise<void> {
  for (const group of inGroups([...ended.keys()], MAX_DOCUMENTS_PER_WRITE)) {
    for (const edge of await context.list(context.collections.edges, { from: { $in: group } })) {
      const from = ended.get(edge.from)
      if (from === undefined) continue
      ballot.roots.set(edge.to, from.root)
      castOn(ballot, edge._id, edge.to, voteOf(from.ending, nameIn(edge.to)))
    }
  }
}

function castOn({ votes, open, running }: Ballot, edge: string, to: string, vote: Vote): void {
  open.add(to)
  if (vote === 'run') running.add(to)
  votes.push({ edge, vote })
}

async function castVotes(context: MongoContext, votes: Ballot['votes']): Promise<void> {
  for (const vote of ['run', 'skip'] as const) {
    const edges = votes.filter(one => one.vote === vote).map(({ edge }) => edge)
    for (const group of inGroups(edges, MAX_DOCUMENTS_PER_WRITE)) {
      await context.updateAll(context.collections.edges, { _id: { $in: group }, vote: null }, { $set: { vote } })
    }
  }
}

async function decideOpen(
  context: MongoContext,
  { sole, open, running, roots }: Ballot,
  seen: ReadonlyMap<string, TaskDoc>,
): Promise<{ mayRun: MayRun[]; waiting: string[]; skipped: Ended[] }> {
  const complete = await withoutMissingVotes(context, [...open])
  const isComplete = new Set(complete)
  const waiting = [...open].filter(to => !isComplete.has(to))
  const docs = await docsOf(context, [...complete, ...sole.keys()], seen)
  const letRun = new Set([...running, ...Array.from(sole).flatMap(([to, vote]) => (vote === 'run' ? [to] : []))])
  const asked = docs.filter(({ _id }) => !sole.has(_id))
  const runs = await withRunVotes(context, asked, letRun)
  const mayRun: MayRun[] = []
  const toSkip: TaskDoc[] = []
  for (const doc of docs) {
    if (doc.state === 'cancelled' || doc.awaits !== undefined) continue
    const verdict = decide(doc.forceRun, runs.has(doc._id) ? ['run'] : ['skip'])
    if (verdict === 'run') mayRun.push({ doc, root: roots.get(doc._id) ?? 0 })
    else toSkip.push(doc)
  }
  await skipAll(
    context,
    toSkip.map(({ _id }) => _id),
  )
  // Also what was skipped before is gone through: whoever skipped it may not have lived to tell its successors.
  return { mayRun, waiting, skipped: toSkip.map(doc => skippedOf(doc, roots.get(doc._id) ?? 0)) }
}

async function docsOf(
  context: MongoContext,
  ids: readonly string[],
  seen: ReadonlyMap<string, TaskDoc>,
): Promise<TaskDoc[]> {
  const unseen = ids.filter(id => !seen.has(id))
  const read = await context.listByIds(context.collections.tasks, unseen)
  return ids.flatMap(id => seen.get(id) ?? read.get(id) ?? [])
}

function skippedOf(doc: TaskDoc, root: number): Ended {
  return endedOf(doc, { state: 'skipped', propagateSkip: doc.propagateSkip }, root)
}

/** Those on all of whose edges a vote has been cast. */
async function withoutMissingVotes(context: MongoContext, open: readonly string[]): Promise<string[]> {
  const { edges } = context.collections
  const [only] = open
  if (only === undefined) return []
  if (open.length === 1) return (await context.exists(edges, { to: only, vote: null })) ? [] : [only]
  const waiting = new Set<string>()
  for (const group of inGroups(open, MAX_DOCUMENTS_PER_WRITE)) {
    for (const to of await targetsOf(context, group, null)) waiting.add(to)
  }
  return open.filter(id => !waiting.has(id))
}

/** Those that one of their predecessors lets run; forced ones need none. */
async function withRunVotes(
  context: MongoContext,
  docs: readonly TaskDoc[],
  known: ReadonlySet<string>,
): Promise<Set<string>> {
  const found = new Set(known)
  const asked = docs.filter(({ _id, forceRun }) => !forceRun && !found.has(_id)).map(({ _id }) => _id)
  for (const group of inGroups(asked, MAX_DOCUMENTS_PER_WRITE)) {
    for (const to of await targetsOf(context, group, 'run')) found.add(to)
  }
  return found
}

function targetsOf(
  { answers, collections: { edges } }: MongoContext,
  to: string[],
  vote: Vote | null,
): Promise<string[]> {
  const stages = [{ $match: { to: { $in: to }, vote } }, { $group: { _id: '$to' } }]
  return answers.ask(async () => {
    const found = await edges.aggregate<Pick<EdgeDoc, '_id'>>(stages, BOUNDED).toArray()
    return found.map(({ _id }) => _id)
  })
}

async function skipAll(context: MongoContext, ids: readonly string[]): Promise<void> {
  const change = { $set: { ...skipTask({} as TaskRecord, context.now()), holds: false }, $inc: { rev: 1 } }
  for (const group of inGroups(ids, MAX_DOCUMENTS_PER_WRITE)) {
    await context.updateAll(context.collections.tasks, { _id: { $in: group }, ...UNDECIDED }, change)
  }
}
