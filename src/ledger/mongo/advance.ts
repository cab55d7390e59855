/**
 * The fan-out of a task that has ended: it votes on its edges, and whoever casts the last vote on a task decides it. Everything can be repeated
 * by anybody: a vote is cast once and follows from records that do not change any more, and a decision is a write on condition that the
 * task is still blocked. No wake-up is lost, because a voter looks for missing votes after its own votes are acknowledged: of two
 * last voters at least one sees all votes. What somebody else seems to have written already is written all the same, since it may be
 * rolled back: the write changes nothing, but a majority confirms it.
 */
import { readyTask, skipTask } from '../../lease/advance-task.ts'
import type { TaskRecord, Vote } from '../../lease/records.ts'
import { decide, voteOf, type Ending } from '../../lease/votes.ts'
import { nameIn, type Ballot, type Ended } from './ballot.ts'
import { BOUNDED, type MongoContext } from './context.ts'
import { taskOf, type EdgeDoc, type TaskDoc } from './documents.ts'
import { inGroups, inParallel } from './in-parallel.ts'
import { foreseeSkips } from './foresee-skips.ts'
import { MAX_DOCUMENTS_PER_WRITE, MAX_LEVELS_STEP_BY_STEP } from './mongo-limits.ts'

/** Who waits for an input that is made again was decided long ago. */
const UNDECIDED = { state: 'blocked' as const, awaits: { $exists: false } }

/** Returns the tasks that this call made ready, in order of definition. */
export async function advance(context: MongoContext, root: TaskDoc, ending: Ending): Promise<TaskRecord[]> {
  const ready: TaskDoc[] = []
  let ended: Ended[] = [{ task: root._id, ending }]
  for (let level = 0; ended.length > 0; level++) {
    const ballot =
      level < MAX_LEVELS_STEP_BY_STEP ? await ballotOf(context, ended) : await foreseeSkips(context, root, ended)
    await castVotes(context, ballot.votes)
    await skipAll(context, ballot.skipped)
    const decided = await decideOpen(context, ballot)
    ready.push(...decided.ready)
    ended = decided.skipped
  }
  return ready.sort((one, other) => one.index - other.index).map(taskOf)
}

async function ballotOf(context: MongoContext, ended: readonly Ended[]): Promise<Ballot> {
  const endings = new Map(ended.map(({ task, ending }) => [task, ending]))
  const votes: Ballot['votes'] = []
  const open = new Set<string>()
  const running = new Set<string>()
  for (const group of inGroups([...endings.keys()], MAX_DOCUMENTS_PER_WRITE)) {
    for (const edge of await context.list(context.collections.edges, { from: { $in: group } })) {
      const ending = endings.get(edge.from)
      if (ending === undefined) continue
      const vote = voteOf(ending, nameIn(edge.to))
      open.add(edge.to)
      if (vote === 'run') running.add(edge.to)
      votes.push({ edge: edge._id, vote })
    }
  }
  return { votes, skipped: [], open: [...open], running }
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
  { open, running }: Ballot,
): Promise<{ ready: TaskDoc[]; skipped: Ended[] }> {
  const complete = await withoutMissingVotes(context, open)
  const docs = await context.listByIds(context.collections.tasks, complete)
  const runs = await withRunVotes(context, [...docs.values()], running)
  const toRun: TaskDoc[] = []
  const toSkip: TaskDoc[] = []
  for (const doc of docs.values()) {
    if (doc.state === 'cancelled' || doc.awaits !== undefined) continue
    const verdict = decide(doc.forceRun, runs.has(doc._id) ? ['run'] : ['skip'])
    if (verdict === 'run') toRun.push(doc)
    else toSkip.push(doc)
  }
  await skipAll(
    context,
    toSkip.map(({ _id }) => _id),
  )
  // Also what was skipped before is gone through: whoever skipped it may not have lived to tell its successors.
  return { ready: await readyAll(context, toRun), skipped: toSkip.map(skippedOf) }
}

function skippedOf({ _id: task, propagateSkip }: TaskDoc): Ended {
  return { task, ending: { state: 'skipped', propagateSkip } }
}

/** Those on all of whose edges a vote has been cast. */
async function withoutMissingVotes(context: MongoContext, open: readonly string[]): Promise<string[]> {
  const { edges } = context.collections
  if (open.length <= 4) {
    const missing = await inParallel(open, to => context.exists(edges, { to, vote: null }))
    return open.filter((_, index) => missing[index] === false)
  }
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

/** Which of these blocked tasks this call made ready, as they are now. */
async function readyAll(context: MongoContext, docs: readonly TaskDoc[]): Promise<TaskDoc[]> {
  const { tasks } = context.collections
  const token = context.newToken()
  const set = { ...readyTask({} as TaskRecord, context.now()), token }
  const won: TaskDoc[] = []
  for (const group of inGroups(docs, MAX_DOCUMENTS_PER_WRITE)) {
    const ids = group.map(({ _id }) => _id)
    const change = { $set: set, $inc: { rev: 1 } }
    const count = await context.updateAll(tasks, { _id: { $in: ids }, ...UNDECIDED }, change)
    if (count === group.length) won.push(...group.map(doc => ({ ...doc, ...set, rev: doc.rev + 1 })))
    else won.push(...(await context.list(tasks, { _id: { $in: ids }, token })))
  }
  return won
}
