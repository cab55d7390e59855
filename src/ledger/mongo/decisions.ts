/**
 * What follows from ended tasks is written: successors become ready, or are claimed at once, and so is what waits and is handed on. One
 * command for all of it; each document by itself, on condition that it is as it was.
 */
import type { AnyBulkWriteOperation } from 'mongodb'
import { readyTask } from '../../lease/advance-task.ts'
import type { TaskRecord } from '../../lease/records.ts'
import { UNDECIDED } from './advance.ts'
import { BOUNDED, type MongoContext } from './context.ts'
import { unchanged, type TaskDoc } from './documents.ts'
import { inGroups } from './in-parallel.ts'
import { MAX_DOCUMENTS_PER_WRITE } from './mongo-limits.ts'

export interface WantedClaim {
  before: TaskDoc
  /** As it is when it is claimed. */
  after: TaskDoc
}

export interface Decisions {
  /** Blocked tasks that become ready. */
  ready: readonly TaskDoc[]
  claims: readonly WantedClaim[]
  /** Not used before: what this call wrote is known by it. */
  token: string
}

export interface Decided {
  /** Those that this call made ready, as they are now. */
  ready: TaskDoc[]
  /** Those that are claimed as wanted now. */
  claimed: TaskDoc[]
}

export async function writeDecisions(context: MongoContext, decisions: Decisions): Promise<Decided> {
  const { ready, claims, token } = decisions
  if (ready.length + claims.length === 0) return { ready: [], claimed: [] }
  const set = { ...readyTask({} as TaskRecord, context.now()), token }
  const written = await writeAll(context, decisions, set)
  if (ready.length > 0) context.known.forgetUrgency()
  if (written === 'all') {
    return {
      ready: ready.map(doc => ({ ...doc, ...set, rev: doc.rev + 1 })),
      claimed: claims.map(({ after }) => after),
    }
  }
  return whatCameOfIt(context, decisions, { set, isAnswered: written === 'some' })
}

type Readied = Pick<TaskDoc, 'state' | 'readyAt' | 'token'>

/** How much of it was written by these very commands, which are one unless very many become ready. `open`: an earlier try may have been. */
async function writeAll(
  context: MongoContext,
  { ready, claims }: Decisions,
  set: Readied,
): Promise<'all' | 'some' | 'open'> {
  const { tasks } = context.collections
  const operations = readyOperations(ready, set)
  let missing = ready.length + claims.length
  for (const { updateMany } of operations.slice(1)) {
    missing -= await context.updateAll(tasks, updateMany.filter, updateMany.update)
  }
  return context.answers.ask(async (again, stillWanted) => {
    stillWanted()
    const all: AnyBulkWriteOperation<TaskDoc>[] = [
      ...operations.slice(0, 1),
      ...claims.map(({ before, after }) => ({ replaceOne: { filter: unchanged(before), replacement: after } })),
    ]
    const { matchedCount } = await tasks.bulkWrite(all, { ...BOUNDED, ordered: false })
    if (again) return 'open'
    return matchedCount === missing ? 'all' : 'some'
  })
}

function readyOperations(ready: readonly TaskDoc[], set: Readied) {
  return inGroups(ready, MAX_DOCUMENTS_PER_WRITE).map(group => {
    const filter = { _id: { $in: group.map(({ _id }) => _id) }, ...UNDECIDED }
    return { updateMany: { filter, update: { $set: set, $inc: { rev: 1 } } } }
  })
}

/**
 * What a majority has confirmed can be told from any read; claims of which that is not known are only relied on after a sure one. A successor
 * that could not be claimed is made ready all the same.
 */
async function whatCameOfIt(
  context: MongoContext,
  { ready, claims, token }: Decisions,
  { set, isAnswered }: { set: Readied; isAnswered: boolean },
): Promise<Decided> {
  const { tasks } = context.collections
  const ids = claims.map(({ before }) => before._id)
  const read = isAnswered ? await context.listByIds(tasks, ids) : await readSurely(context, ids)
  const claimed = claims.flatMap(({ after }) => {
    const doc = read.get(after._id)
    return doc?.state === 'claimed' && doc.claimId === after.claimId ? [doc] : []
  })
  const held = new Set(claimed.map(({ _id }) => _id))
  const missed = claims.flatMap(({ before }) => (before.state === 'blocked' && !held.has(before._id) ? [before] : []))
  for (const { updateMany } of readyOperations(missed, set)) {
    await context.updateAll(tasks, updateMany.filter, updateMany.update)
  }
  const asked = [...ready, ...missed].map(({ _id }) => _id)
  const won: TaskDoc[] = []
  for (const group of inGroups(asked, MAX_DOCUMENTS_PER_WRITE)) {
    won.push(...(await context.list(tasks, { _id: { $in: group }, token, state: 'ready' })))
  }
  return { ready: won, claimed }
}

async function readSurely(context: MongoContext, ids: readonly string[]): Promise<Map<string, TaskDoc>> {
  const docs = await context.answers.ask(() => context.readAllSure(context.collections.tasks, ids))
  return new Map(docs.map(doc => [doc._id, doc]))
}
