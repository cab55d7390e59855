/** Tasks that have no other predecessor than one that ends now: read while that end is written, in a chain several at once. */
import type { Filter } from 'mongodb'
import { taskId } from '../../../protocols/ids.ts'
import type { MongoContext } from './context.ts'
import type { TaskDoc } from './documents.ts'
import { MAX_NEIGHBOURS_NAMED } from './mongo-limits.ts'

/** By id; some may be missing. What was read of a chain and is not needed yet is remembered. */
export async function successorsOf(context: MongoContext, ended: readonly TaskDoc[]): Promise<Map<string, TaskDoc>> {
  const { foreseen } = context.known
  const found = new Map<string, TaskDoc>()
  const ids: string[] = []
  const chains: Filter<TaskDoc>[] = []
  for (const doc of ended) {
    const unknown: string[] = []
    for (const id of soleSuccessors(doc)) {
      const known = foreseen.take(id)
      if (known === undefined) unknown.push(id)
      else found.set(id, known)
    }
    const { run, dagSeq, index, chain = 0 } = doc
    if (unknown.length === 1 && chain > 1) chains.push({ run, dagSeq, index: { $gt: index, $lte: index + chain } })
    else ids.push(...unknown)
  }
  const asked = new Set(ended.flatMap(soleSuccessors))
  for (const doc of await read(context, ids.slice(0, MAX_NEIGHBOURS_NAMED), chains)) {
    if (asked.has(doc._id)) found.set(doc._id, doc)
    else if (doc.state === 'blocked') foreseen.set(doc._id, doc)
  }
  return found
}

function soleSuccessors({ run, dag, next = [] }: TaskDoc): string[] {
  return next.flatMap(({ name, sole }) => (sole ? [taskId(run, dag, name)] : []))
}

async function read(
  context: MongoContext,
  ids: readonly string[],
  chains: readonly Filter<TaskDoc>[],
): Promise<TaskDoc[]> {
  const { tasks } = context.collections
  if (chains.length === 0) return [...(await context.listByIds(tasks, ids)).values()]
  const some = ids.length === 0 ? [] : [{ _id: { $in: [...ids] } }]
  const [only] = chains
  const filter = chains.length === 1 && some.length === 0 && only !== undefined ? only : { $or: [...some, ...chains] }
  return context.list(tasks, filter, { batchSize: MAX_READ_AT_ONCE })
}

const MAX_READ_AT_ONCE = 1000
