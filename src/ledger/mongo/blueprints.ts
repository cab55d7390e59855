/** The DAGs of a workflow, as documents of their own beside the run: a plan may be large. */
import type { DagPlan } from '../../workflow/plan.ts'
import { getBlob, putBlob } from './blobs.ts'
import type { MongoContext } from './context.ts'
import type { BlueprintDoc } from './documents.ts'
import { inParallel } from './in-parallel.ts'
import { MAX_INLINE_BLOB_BYTES } from './mongo-limits.ts'

export async function putBlueprints(context: MongoContext, run: string, plans: readonly DagPlan[]): Promise<void> {
  const docs = await inParallel([...plans.entries()], async ([order, dag]): Promise<BlueprintDoc> => {
    const id = blueprintId(run, dag.name)
    const bytes = new TextEncoder().encode(JSON.stringify(dag))
    const isLarge = bytes.byteLength > MAX_INLINE_BLOB_BYTES
    if (isLarge) await putBlob(context, blobId(id), bytes)
    return { _id: id, run, name: dag.name, order, autostart: dag.autostart, plan: isLarge ? null : bytes }
  })
  await context.insertMissing(context.collections.blueprints, docs)
}

export async function blueprint(context: MongoContext, run: string, name: string): Promise<DagPlan | undefined> {
  const doc = await context.get(context.collections.blueprints, blueprintId(run, name))
  return doc === null ? undefined : planOf(context, doc)
}

/** In order of definition. */
export async function blueprintNames(context: MongoContext, run: string): Promise<string[]> {
  const options = { sort: { order: 1 }, projection: { name: 1 } } as const
  return (await context.list(context.collections.blueprints, { run }, options)).map(({ name }) => name)
}

/** By run, each in order of definition. */
export async function blueprintsOf(context: MongoContext, runs: readonly string[]): Promise<Map<string, DagPlan[]>> {
  const docs = await context.list(
    context.collections.blueprints,
    { run: { $in: [...runs] } },
    { sort: { run: 1, order: 1 } },
  )
  const plans = await inParallel(docs, async doc => ({ run: doc.run, plan: await planOf(context, doc) }))
  const byRun = Map.groupBy(plans, ({ run }) => run)
  return new Map(runs.map(run => [run, (byRun.get(run) ?? []).map(({ plan }) => plan)]))
}

async function planOf(context: MongoContext, { _id, plan }: BlueprintDoc): Promise<DagPlan> {
  const bytes = plan ?? (await getBlob(context, blobId(_id)))
  if (bytes === undefined) throw new Error(`the blueprint ${_id} is not complete`)
  return JSON.parse(new TextDecoder().decode(bytes)) as DagPlan
}

function blueprintId(run: string, name: string): string {
  return `${run}/${name}`
}

function blobId(id: string): string {
  return `blueprint/${id}`
}
