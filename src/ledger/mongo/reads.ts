/** Reads for people. Half-submitted runs and half-made DAG copies are not there. */
import { MAX_RUNS_PAGE } from '../ledger-limits.ts'
import type { DagRecord, RunRecord, RunState, TaskRecord, TaskState } from '../../lease/records.ts'
import { parseTaskId } from '../../../protocols/ids.ts'
import { blueprintsOf } from './blueprints.ts'
import { BOUNDED, type MongoContext } from './context.ts'
import { dagId, dagOf, runOf, taskOf, type DagDoc, type RunDoc } from './documents.ts'

const SHOWN = { $nin: ['preparing' as const, 'void' as const] }

export async function run(context: MongoContext, id: string): Promise<RunRecord | undefined> {
  const doc = await context.get(context.collections.runs, id)
  return doc === null || doc.draft ? undefined : (await recordsOf(context, [doc]))[0]
}

export async function runs(
  context: MongoContext,
  { states, limit }: { states?: readonly RunState[]; limit: number },
): Promise<RunRecord[]> {
  const count = Math.min(limit, MAX_RUNS_PAGE)
  if (count <= 0 || states?.length === 0) return []
  const wanted = states === undefined ? { draft: false } : { draft: false, state: { $in: [...states] } }
  return recordsOf(
    context,
    await context.list(context.collections.runs, wanted, { sort: { createdAt: -1 }, limit: count }),
  )
}

async function recordsOf(context: MongoContext, docs: readonly RunDoc[]): Promise<RunRecord[]> {
  const plans = await blueprintsOf(
    context,
    docs.map(({ _id }) => _id),
  )
  return docs.map(doc => ({ ...runOf(doc), plan: { ...doc.plan, dags: plans.get(doc._id) ?? [] } }))
}

export async function dags(context: MongoContext, run: string): Promise<DagRecord[]> {
  if (!(await context.isPublished(run))) return []
  return (await context.list(context.collections.dags, { run, state: SHOWN }, { sort: { seq: 1 } })).map(dagOf)
}

export async function dagStates(
  context: MongoContext,
  run: string,
  names: readonly string[],
): Promise<(DagRecord['state'] | undefined)[]> {
  const ids = names.map(name => dagId(run, name))
  const docs = await context.listByIds(context.collections.dags, ids, { state: 1 })
  return ids.map(id => shownState(docs.get(id)))
}

function shownState(doc: DagDoc | undefined): DagRecord['state'] | undefined {
  return doc === undefined || doc.state === 'preparing' || doc.state === 'void' ? undefined : doc.state
}

export async function dagsStartedBy(context: MongoContext, starter: string): Promise<string[]> {
  const options = { sort: { seq: 1 }, projection: { name: 1 } } as const
  return (await context.list(context.collections.dags, { starter, state: SHOWN }, options)).map(({ name }) => name)
}

export async function tasks(context: MongoContext, run: string, dag?: string): Promise<TaskRecord[]> {
  if (!(await context.isPublished(run))) return []
  const wanted = dag === undefined ? { run } : { run, dag }
  return (await context.list(context.collections.tasks, wanted, { sort: { dagSeq: 1, index: 1 } })).map(taskOf)
}

export async function task(context: MongoContext, id: string): Promise<TaskRecord | undefined> {
  const place = parseTaskId(id)
  if (place === undefined || !(await context.isPublished(place.run))) return undefined
  const doc = await context.get(context.collections.tasks, id)
  return doc === null ? undefined : taskOf(doc)
}

export async function taskCounts(context: MongoContext, run: string): Promise<Partial<Record<TaskState, number>>> {
  if (!(await context.isPublished(run))) return {}
  return countBy(context, { run }, '$state')
}

export function backlog(context: MongoContext): Promise<Record<string, number>> {
  return countBy(context, { state: 'ready' }, '$queue')
}

async function countBy(
  { answers, collections: { tasks } }: MongoContext,
  match: Record<string, unknown>,
  field: string,
): Promise<Record<string, number>> {
  const stages = [{ $match: match }, { $group: { _id: field, count: { $sum: 1 } } }]
  const groups = await answers.ask(() => tasks.aggregate<{ _id: string; count: number }>(stages, BOUNDED).toArray())
  return Object.fromEntries(groups.map(({ _id, count }) => [_id, count]))
}
