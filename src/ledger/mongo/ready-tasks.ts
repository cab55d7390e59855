/** Ready tasks, as peers look at them: what may be claimed now and where its input bytes are. */
import { taskId } from '../../../protocols/ids.ts'
import type { ReadyList, ReadyTask } from '../ledger.ts'
import { MAX_INPUTS_PER_READY_TASK, MAX_READY_PAGE, MAX_READY_WITH_INPUTS } from '../ledger-limits.ts'
import type { MongoContext } from './context.ts'
import type { TaskDoc } from './documents.ts'
import { feedsOf } from './inputs.ts'

export const BY_URGENCY = { priority: -1, readyAt: 1, index: 1 } as const

/** Also remembers what it saw, for the claims that follow. */
export async function peekReady(context: MongoContext, queues: readonly string[], limit: number): Promise<ReadyList> {
  const count = Math.min(limit, MAX_READY_PAGE)
  const served = [...new Set(queues)]
  if (served.length === 0 || count <= 0) return { tasks: [], nextDueAt: null }
  const now = context.now()
  const { best, nextDueAt } = await lookAt(context, served, count, now)
  context.known.peeked = new Map(best.map(doc => [doc._id, doc]))
  return { tasks: await describeReady(context, best), nextDueAt }
}

/** Usually one command: few wait for their time, and a page that is not full shows them too. */
async function lookAt(
  context: MongoContext,
  queues: string[],
  count: number,
  now: number,
): Promise<{ best: TaskDoc[]; nextDueAt: number | null }> {
  const { tasks } = context.collections
  const served = { state: 'ready' as const, queue: { $in: queues } }
  const page = await context.list(tasks, served, { sort: BY_URGENCY, limit: count, batchSize: count + 1 })
  const due = page.filter(doc => doc.due <= now)
  if (page.length < count) {
    const waiting = page.flatMap(doc => (doc.due > now ? [doc.due] : []))
    return { best: due, nextDueAt: waiting.length === 0 ? null : Math.min(...waiting) }
  }
  const later = { sort: { due: 1 }, limit: 1, projection: { due: 1 } } as const
  const [best, [next]] = await Promise.all([
    due.length === count ? due : readyNow(context, queues, count),
    context.list(tasks, { ...served, due: { $gt: now } }, later),
  ])
  return { best, nextDueAt: next?.due ?? null }
}

/** The most urgent tasks that may be claimed now. */
export function readyNow(context: MongoContext, queues: readonly string[], count: number): Promise<TaskDoc[]> {
  const now = { state: 'ready' as const, queue: { $in: [...queues] }, due: { $lte: context.now() } }
  return context.list(context.collections.tasks, now, { sort: BY_URGENCY, limit: count, batchSize: count + 1 })
}

/** For telling of them: where their inputs are is not said. */
export function nameReady(docs: readonly TaskDoc[]): Omit<ReadyTask, 'inputs'>[] {
  return docs.map(({ _id: id, run, queue, priority, epoch }) => ({ id, run, queue, priority, epoch }))
}

async function describeReady(context: MongoContext, docs: readonly TaskDoc[]): Promise<ReadyTask[]> {
  const inputs = await holdersOfInputs(context, docs.slice(0, MAX_READY_WITH_INPUTS))
  return nameReady(docs).map(task => ({ ...task, inputs: inputs.get(task.id) ?? [] }))
}

/** Of each task, by id: who holds how much of its inputs, as far as they are not in the ledger. */
export async function holdersOfInputs(
  context: MongoContext,
  docs: readonly TaskDoc[],
): Promise<Map<string, ReadyTask['inputs']>> {
  if (docs.every(({ source }) => source)) return new Map()
  const feeds = await feedsOf(context, docs)
  const producers = new Map(
    docs.map(({ _id, run, dag }) => {
      const near = (feeds.get(_id) ?? []).slice(0, MAX_INPUTS_PER_READY_TASK)
      return [_id, near.map(({ name }) => taskId(run, dag, name))]
    }),
  )
  const { nowhereElse } = context.known
  const asked = new Set([...producers.values()].flat().filter(id => nowhereElse.get(id) === undefined))
  const elsewhere = { _id: { $in: [...asked] }, 'out.inline': null, 'out.hash': { $exists: true } }
  const read = asked.size === 0 ? [] : await context.list(context.collections.tasks, elsewhere, OUT_ONLY)
  const outs = new Map(read.flatMap(({ _id, out }) => (out === null ? [] : [[_id, out]])))
  for (const id of asked) if (!outs.has(id)) nowhereElse.set(id, true)
  return new Map(Array.from(producers, ([task, ids]) => [task, sumByHolder(ids.flatMap(id => outs.get(id) ?? []))]))
}

const OUT_ONLY = { projection: { out: 1 } } as const

function sumByHolder(outs: readonly { holders: string[]; sizeBytes: number }[]): ReadyTask['inputs'] {
  const bytesByHolder = new Map<string, number>()
  for (const { holders, sizeBytes } of outs) {
    for (const holder of new Set(holders)) bytesByHolder.set(holder, (bytesByHolder.get(holder) ?? 0) + sizeBytes)
  }
  return Array.from(bytesByHolder, ([holder, sizeBytes]) => ({ holder, sizeBytes }))
}
