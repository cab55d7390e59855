/**
 * A run that begins with what an earlier one had finished. That one has ended and changes no more, so whoever prepares the new one makes
 * the same documents of it, also when a submission that broke off is repeated.
 */
import { parseTaskId, taskId } from '../../../protocols/ids.ts'
import type { EdgeRecord } from '../../lease/records.ts'
import { retryRun, type EndedRun, type RetriedDag } from '../../lease/retry-run.ts'
import type { DagPlan } from '../../workflow/plan.ts'
import { isOwnMeta } from '../../workflow/run-meta.ts'
import { unknownRun } from '../transactions/require-rows.ts'
import { blueprintsOf } from './blueprints.ts'
import type { MongoContext } from './context.ts'
import { neighbours, newDagDoc } from './dag-copies.ts'
import { dagOf, taskDoc, taskOf, type EdgeDoc, type RunDoc } from './documents.ts'
import { inParallel } from './in-parallel.ts'
import { putFirstLeaves, wholeStore } from './store.ts'

/** What the new run begins with. Throws what `retryRun` throws, and `LF_UNKNOWN_RUN`. */
export async function readRetry(
  context: MongoContext,
  old: string,
  start: { run: string; priority: number; blueprints: readonly DagPlan[]; now: number },
): Promise<RetriedDag[]> {
  return retryRun(await readEnded(context, old), start)
}

async function readEnded(context: MongoContext, id: string): Promise<EndedRun> {
  const { runs, dags, tasks, edges } = context.collections
  const run = await context.sure(runs, id)
  if (run === null || run.draft) throw unknownRun(id)
  const copies = await context.list(dags, { run: id, state: { $nin: ['preparing', 'void'] } }, { sort: { seq: 1 } })
  const names = new Set(copies.map(({ name }) => name))
  const ofTasks = await context.list(tasks, { run: id }, { sort: { dagSeq: 1, index: 1 } })
  return {
    run: { id, state: run.state, stop: run.stop },
    blueprints: (await blueprintsOf(context, [id])).get(id) ?? [],
    dags: copies.map(dagOf),
    // What its successors are told may still be to come.
    tasks: ofTasks
      .filter(({ dag }) => names.has(dag))
      .map(doc => ({ ...taskOf(doc), skipSuccessors: doc.skipSuccessors })),
    edges: (await context.list(edges, { run: id })).map(edgeOf),
  }
}

function edgeOf({ run, dag, from, to, slot, order, vote }: EdgeDoc): EdgeRecord {
  return { run, dag, from: nameOf(from), to: nameOf(to), slot, order, vote }
}

function nameOf(id: string): string {
  return parseTaskId(id)?.task ?? ''
}

/** Nothing is ready yet: what is to be run is marked, and waits for the launch of the run. */
export async function prepareRetry(
  context: MongoContext,
  run: RunDoc,
  old: string,
  copies: readonly RetriedDag[],
): Promise<void> {
  for (const section of ['data', 'meta'] as const) {
    const leaves = await wholeStore(context, old, section)
    const own = section === 'data' ? leaves : leaves.filter(([path]) => !isOwnMeta(path))
    await putFirstLeaves(context, run._id, own, section)
  }
  await inParallel([...copies.entries()], ([seq, copy]) => insertRetried(context, run, copy, seq))
}

async function insertRetried(
  context: MongoContext,
  run: RunDoc,
  { dag, copy, plan, tasks, edges }: RetriedDag,
  seq: number,
): Promise<void> {
  const { name, starter, starterKey, data, createdAt, state, endedAt, stop } = dag
  const origin = starter === null ? `submit\n${run._id}/${plan.name}` : `${starter}\n${starterKey}`
  const born = newDagDoc(run, plan, { name, copy, seq, origin, starter, starterKey, data, by: null, createdAt })
  await context.insert(context.collections.dags, { ...born, state, endedAt, stop })
  const withPredecessors = new Set(edges.map(({ to }) => to))
  const neighboursOf = neighbours(
    tasks.map(task => task.name),
    edges,
  )
  const taskDocs = tasks.map((task, index) => {
    const place = { source: !withPredecessors.has(task.name), dagSeq: seq, index, ...neighboursOf(task.name) }
    const fresh = { rev: 0, token: null }
    if (task.state !== 'ready') return taskDoc(task, place, fresh)
    return { ...taskDoc({ ...task, state: 'blocked', readyAt: null }, place, fresh), launch: true as const }
  })
  const edgeDocs = edges.map(({ from, to, slot, order, vote }): EdgeDoc => {
    const ids = { from: taskId(run._id, name, from), to: taskId(run._id, name, to) }
    return { _id: `${ids.from}>${to}`, run: run._id, dag: name, ...ids, slot, order, vote }
  })
  await context.insertMissing(context.collections.edges, edgeDocs)
  await context.insertMissing(context.collections.tasks, taskDocs)
}
