/** What tasks get from their predecessors: read for all of them at once. */
import { taskId } from '../../../protocols/ids.ts'
import { nameIn } from './ballot.ts'
import type { MongoContext } from './context.ts'
import { payloadOf, type Feed, type GivenInput, type TaskDoc } from './documents.ts'
import { inGroups } from './in-parallel.ts'
import { MAX_DOCUMENTS_PER_WRITE, MAX_GIVEN_BYTES } from './mongo-limits.ts'

export type Consumer = Pick<TaskDoc, '_id' | 'run' | 'dag' | 'source' | 'feeds' | 'given'>
export type Producer = Pick<TaskDoc, '_id' | 'name' | 'out' | 'epoch' | 'state'>
export type Input = GivenInput

/** By task: one per predecessor that left something, in order of definition. `known`: predecessors that need not be read. */
export async function inputsOf(
  context: MongoContext,
  consumers: readonly Consumer[],
  known: ReadonlyMap<string, Producer> = new Map(),
): Promise<Map<string, Input[]>> {
  const tasks = consumers.filter(({ given }) => given === undefined)
  const feeds = await feedsOf(context, tasks)
  const from = tasks.flatMap(task => (feeds.get(task._id) ?? []).map(({ name }) => taskId(task.run, task.dag, name)))
  const atMs = context.clock.monotonicMs()
  const seen = new Map(from.map(id => [id, known.get(id) ?? context.known.producer(id, atMs)]))
  const unknown = from.filter(id => seen.get(id) === undefined)
  const projection = { name: 1, out: 1, epoch: 1, state: 1 } as const
  const read = await context.listByIds(context.collections.tasks, unknown, projection)
  for (const producer of read.values()) context.known.noteProducer(producer, atMs)
  const inputs = tasks.map(task => {
    const left = (feeds.get(task._id) ?? []).flatMap(({ name, slot }) => {
      const id = taskId(task.run, task.dag, name)
      return inputFrom(seen.get(id) ?? read.get(id), slot)
    })
    return [task._id, left] as const
  })
  const given = consumers.flatMap(({ _id, given }) => (given === undefined ? [] : [[_id, given.map(plain)] as const]))
  return new Map([...inputs, ...given])
}

function plain(input: Input): Input {
  return { ...input, payload: payloadOf(input.payload) ?? input.payload }
}

/** The inputs of a task where all that left them are known and small enough to be noted with it; undefined where not. */
export function inputsAtHand(
  context: MongoContext,
  { run, dag, feeds }: Consumer,
  known: ReadonlyMap<string, Producer>,
): Input[] | undefined {
  if (feeds === undefined) return undefined
  const nowMs = context.clock.monotonicMs()
  const inputs: Input[] = []
  let bytes = 0
  for (const { name, slot } of feeds) {
    const id = taskId(run, dag, name)
    const producer = known.get(id) ?? context.known.producer(id, nowMs)
    if (producer === undefined) return undefined
    const [input] = inputFrom(producer, slot)
    if (input === undefined) continue
    if (input.payload.inline === null) return undefined
    bytes += input.payload.sizeBytes
    inputs.push(input)
  }
  return bytes > MAX_GIVEN_BYTES ? undefined : inputs
}

function inputFrom(producer: Producer | undefined, slot: string | null): Input[] {
  const payload = payloadOf(producer?.out ?? null)
  if (producer === undefined || payload === null) return []
  const { name, epoch, state } = producer
  return [{ name, slot, payload, epoch, state }]
}

/** Of tasks that do not name their predecessors, from the edges. */
export async function feedsOf(context: MongoContext, tasks: readonly Consumer[]): Promise<Map<string, Feed[]>> {
  const { edges } = context.collections
  const named = tasks.flatMap(({ _id, source, feeds }) => {
    const known = source ? [] : feeds
    return known === undefined ? [] : [[_id, known] as const]
  })
  const found = new Map<string, Feed[]>(named)
  const unnamed = tasks.filter(({ _id }) => !found.has(_id)).map(({ _id }) => _id)
  for (const group of inGroups(unnamed, MAX_DOCUMENTS_PER_WRITE)) {
    const into = await context.list(edges, { to: { $in: group } }, { sort: { order: 1 } })
    const byTask = Map.groupBy(into, ({ to }) => to)
    for (const [to, edgesInto] of byTask) {
      found.set(
        to,
        edgesInto.map(({ from, slot }) => ({ name: nameIn(from), slot })),
      )
    }
  }
  return found
}
