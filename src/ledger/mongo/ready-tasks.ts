/** Ready tasks, as peers look at them: what may be claimed now and where its input bytes are. */
import type { TaskRecord } from '../../lease/records.ts'
import type { ReadyList, ReadyTask } from '../ledger.ts'
import { MAX_INPUTS_PER_READY_TASK, MAX_READY_PAGE, MAX_READY_WITH_INPUTS } from '../ledger-limits.ts'
import type { MongoContext } from './context.ts'
import { taskOf } from './documents.ts'

export async function peekReady(context: MongoContext, queues: readonly string[], limit: number): Promise<ReadyList> {
  const { tasks } = context.collections
  const now = context.now()
  const count = Math.min(limit, MAX_READY_PAGE)
  const served = { state: 'ready' as const, queue: { $in: [...new Set(queues)] } }
  if (served.queue.$in.length === 0 || count <= 0) return { tasks: [], nextDueAt: null }
  const sort = { priority: -1, readyAt: 1, index: 1 } as const
  const [best, [next]] = await Promise.all([
    context.list(tasks, { ...served, due: { $lte: now } }, { sort, limit: count }),
    context.list(tasks, { ...served, due: { $gt: now } }, { sort: { due: 1 }, limit: 1, projection: { due: 1 } }),
  ])
  return {
    tasks: await describeReady(
      context,
      best.map(taskOf),
      best.map(({ source }) => source),
    ),
    nextDueAt: next?.due ?? null,
  }
}

/** `sources`: which of them are known to have no inputs. */
export async function describeReady(
  context: MongoContext,
  tasks: readonly TaskRecord[],
  sources: readonly boolean[] = [],
): Promise<ReadyTask[]> {
  const asked = tasks.slice(0, MAX_READY_WITH_INPUTS).filter((_, index) => sources[index] !== true)
  const inputs = await holdersOfInputs(
    context,
    asked.map(({ id }) => id),
  )
  return tasks.map(({ id, run, queue, priority, epoch }) => ({
    id,
    run,
    queue,
    priority,
    epoch,
    inputs: inputs.get(id) ?? [],
  }))
}

async function holdersOfInputs(context: MongoContext, ids: string[]): Promise<Map<string, ReadyTask['inputs']>> {
  const { edges, tasks } = context.collections
  if (ids.length === 0) return new Map()
  const near = { to: { $in: ids }, vote: { $ne: null }, order: { $gte: 0 } }
  const limit = MAX_READY_WITH_INPUTS * MAX_INPUTS_PER_READY_TASK
  const into = await context.list(edges, near, { sort: { order: 1 }, limit, projection: { from: 1, to: 1 } })
  const elsewhere = {
    _id: { $in: [...new Set(into.map(({ from }) => from))] },
    'out.inline': null,
    'out.hash': { $exists: true },
  }
  const outs = new Map(
    (await context.list(tasks, elsewhere, { projection: { out: 1 } })).map(({ _id, out }) => [_id, out]),
  )
  const byTask = Map.groupBy(into, ({ to }) => to)
  return new Map(
    Array.from(byTask, ([to, edges]) => [
      to,
      sumByHolder(edges.slice(0, MAX_INPUTS_PER_READY_TASK).flatMap(({ from }) => outs.get(from) ?? [])),
    ]),
  )
}

function sumByHolder(outs: readonly { holders: string[]; sizeBytes: number }[]): ReadyTask['inputs'] {
  const bytesByHolder = new Map<string, number>()
  for (const { holders, sizeBytes } of outs) {
    for (const holder of new Set(holders)) bytesByHolder.set(holder, (bytesByHolder.get(holder) ?? 0) + sizeBytes)
  }
  return Array.from(bytesByHolder, ([holder, sizeBytes]) => ({ holder, sizeBytes }))
}
