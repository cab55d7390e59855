/** Reads for people. Half-submitted runs and half-made DAG copies are not there. */
import type { Filter } from 'mongodb'
import type { DagProgress, RunFilter, RunHead, RunProgress, TaskStanding } from '../ledger.ts'
import { MAX_RUNS_PAGE } from '../ledger-limits.ts'
import type { DagRecord, RunRecord, TaskRecord, TaskState } from '../../lease/records.ts'
import { parseTaskId } from '../../../protocols/ids.ts'
import { blueprintsOf } from './blueprints.ts'
import { BOUNDED, type MongoContext } from './context.ts'
import { dagId, dagOf, runOf, taskOf, type DagDoc, type RunDoc, type TaskDoc } from './documents.ts'

const SHOWN = { $nin: ['preparing' as const, 'void' as const] }

export async function run(context: MongoContext, id: string): Promise<RunRecord | undefined> {
  const doc = await publishedRun(context, id)
  return doc === null ? undefined : (await recordsOf(context, [doc]))[0]
}

export async function runs(context: MongoContext, filter: RunFilter): Promise<RunRecord[]> {
  return recordsOf(context, await published(context, filter))
}

async function published(
  context: MongoContext,
  { states, workflow, unstopped = false, limit }: RunFilter,
): Promise<RunDoc[]> {
  const count = Math.min(limit, MAX_RUNS_PAGE)
  if (count <= 0 || states?.length === 0) return []
  const wanted = {
    draft: false,
    ...(states === undefined ? {} : { state: { $in: [...states] } }),
    ...(workflow === undefined ? {} : { workflow }),
    ...(unstopped ? { stop: null } : {}),
  }
  return context.list(context.collections.runs, wanted, { sort: { createdAt: -1 }, limit: count })
}

export async function runHead(context: MongoContext, id: string): Promise<RunHead | undefined> {
  const doc = await publishedRun(context, id)
  return doc === null ? undefined : runOf(doc)
}

/** One after the other: the counts of a run that has ended must be those of its end. */
export async function runProgress(context: MongoContext, id: string): Promise<RunProgress | undefined> {
  const head = await runHead(context, id)
  return head && { head, counts: await taskCounts(context, id) }
}

/** That a run has ended is acted on by people and scripts: it is told when it cannot be rolled back any more. */
async function publishedRun(context: MongoContext, id: string): Promise<RunDoc | null> {
  const { runs } = context.collections
  const seen = await context.get(runs, id)
  const doc = seen === null || seen.draft || seen.state === 'running' ? seen : await context.sure(runs, id)
  return doc === null || doc.draft ? null : doc
}

export async function runHeads(context: MongoContext, filter: RunFilter): Promise<RunHead[]> {
  return (await published(context, filter)).map(runOf)
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
  const hidden = await hiddenDags(context, run)
  if (dag !== undefined && hidden.includes(dag)) return []
  const wanted = dag === undefined ? shownOf(run, hidden) : { run, dag }
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
  return countBy(context, shownOf(run, await hiddenDags(context, run)), '$state')
}

/** Copies that are being made, and those that were given up: a late writer may have left tasks in them. */
async function hiddenDags(context: MongoContext, run: string): Promise<string[]> {
  const hidden = { run, state: { $in: ['preparing' as const, 'void' as const] } }
  return (await context.list(context.collections.dags, hidden, { projection: { name: 1 } })).map(({ name }) => name)
}

function shownOf(run: string, hidden: readonly string[]): Filter<TaskDoc> {
  return hidden.length === 0 ? { run } : { run, dag: { $nin: [...hidden] } }
}

export async function dagProgress(context: MongoContext, run: string): Promise<DagProgress[]> {
  if (!(await context.isPublished(run))) return []
  const group = { _id: { dag: '$dag', state: '$state' }, count: { $sum: 1 }, epochs: { $sum: '$epoch' } }
  const stages = [{ $match: shownOf(run, await hiddenDags(context, run)) }, { $group: group }]
  const { answers, collections } = context
  const groups = await answers.ask(() => collections.tasks.aggregate<ProgressGroup>(stages, BOUNDED).toArray())
  const dags = new Map<string, DagProgress>()
  for (const { _id, count, epochs } of groups) {
    const dag = dags.get(_id.dag) ?? { dag: _id.dag, counts: {}, epochs: 0 }
    dag.counts[_id.state] = count
    dag.epochs += epochs
    dags.set(_id.dag, dag)
  }
  return [...dags.values()]
}

interface ProgressGroup {
  _id: { dag: string; state: TaskState }
  count: number
  epochs: number
}

export async function taskStates(context: MongoContext, run: string, dag: string): Promise<TaskStanding[]> {
  if (!(await context.isPublished(run))) return []
  const docs = await context.list(context.collections.tasks, { run, dag }, { projection: { state: 1, epoch: 1 } })
  return docs.map(({ _id, state, epoch }) => ({ id: _id, state, epoch }))
}

export async function tasksIn(
  context: MongoContext,
  run: string,
  states: readonly TaskState[],
  limit: number,
): Promise<TaskRecord[]> {
  if (limit <= 0 || states.length === 0 || !(await context.isPublished(run))) return []
  const wanted = { ...shownOf(run, await hiddenDags(context, run)), state: { $in: [...states] } }
  return (await context.list(context.collections.tasks, wanted, { sort: { dagSeq: 1, index: 1 }, limit })).map(taskOf)
}

export function backlog(context: MongoContext): Promise<Record<string, number>> {
  return countBy(context, { state: 'ready' }, '$queue')
}

async function countBy(
  { answers, collections: { tasks } }: MongoContext,
  match: Filter<TaskDoc>,
  field: string,
): Promise<Record<string, number>> {
  const stages = [{ $match: match }, { $group: { _id: field, count: { $sum: 1 } } }]
  const groups = await answers.ask(() => tasks.aggregate<{ _id: string; count: number }>(stages, BOUNDED).toArray())
  return Object.fromEntries(groups.map(({ _id, count }) => [_id, count]))
}
