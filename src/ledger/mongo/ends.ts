/**
 * Failures stop runs, and DAGs and runs end when nothing is open in them any more. Ending is a conditional write whose condition only ever
 * becomes true: tasks of a DAG never open again once all have ended, and a run gets no new DAGs once all of its DAGs have ended.
 */
import { endStateOf, stopForDag, WAITING_TASK_STATES } from '../../lease/end-states.ts'
import type { RunState, StopRecord } from '../../lease/records.ts'
import { keepsStore } from '../transactions/settle.ts'
import type { MongoContext } from './context.ts'
import { dagId, type DagDoc, type RunDoc } from './documents.ts'
import { inParallel } from './in-parallel.ts'
import { MAX_TASKS_PER_UPDATE } from './mongo-limits.ts'
import { updateTasksOf } from './update-tasks-of.ts'
import { deleteStore, forgetOperations, hasStore } from './store.ts'

/** Nothing new starts in the run from now on; the first reason stays. `carryOutStop` does the rest. */
export async function haltRun(
  context: MongoContext,
  run: string,
  stop: StopRecord,
  causeDag: string | null,
): Promise<void> {
  const change = { $set: { stop, stopCause: causeDag, todo: 'stop' as const }, $inc: { rev: 1 } }
  await context.update(context.collections.runs, { _id: run, state: 'running', stop: null }, change)
  await carryOutStop(context, run)
}

/** Hands the stop of a run to its DAGs. To be repeated until the run has ended: a DAG or a task may slip in behind it. */
export async function carryOutStop(context: MongoContext, id: string): Promise<void> {
  const { runs, dags } = context.collections
  const run = await context.sure(runs, id)
  if (run === null || run.state !== 'running' || run.stop === null) return
  const { stop, stopCause } = run
  await inParallel(await context.list(dags, { run: id, state: 'running' }), dag =>
    haltDag(context, dag, stopCause === null ? stop : stopForDag(stop, dag.name === stopCause)),
  )
}

export async function haltDag(context: MongoContext, dag: DagDoc, stop: StopRecord): Promise<void> {
  const change = { $set: { stop, todo: 'stop' as const }, $inc: { rev: 1 } }
  await context.update(context.collections.dags, { _id: dag._id, state: 'running', stop: null }, change)
  await cancelWaiting(context, dag)
  await markClaimed(context, dag)
  await endDagIfDone(context, dag.run, dag.name)
}

/** After what waits is cancelled, so that nothing slips from there past this. */
async function markClaimed(context: MongoContext, { run, name }: DagDoc): Promise<void> {
  const unmarked = { run, dag: name, holds: true, state: 'claimed' as const, stopping: { $exists: false } }
  await context.updateAll(context.collections.tasks, unmarked, { $set: { stopping: true }, $inc: { rev: 1 } })
}

async function cancelWaiting(context: MongoContext, dag: DagDoc): Promise<void> {
  const state = { $in: [...WAITING_TASK_STATES] }
  // What a half-recorded loss makes ready must not be left over in a DAG that has ended.
  const waiting = { holds: true, state, todo: { $ne: 'remake' as const } }
  // It is asked again and again until the last claim ends: not all of a large one is gone through each time.
  const isLarge = dag.size > MAX_TASKS_PER_UPDATE
  const { tasks } = context.collections
  if (isLarge && !(await context.existsSurely(tasks, { run: dag.run, dag: dag.name, ...waiting }))) return
  const cancelled = { state: 'cancelled' as const, endedAt: context.now(), holds: false }
  await updateTasksOf(context, dag, waiting, { $set: cancelled, $inc: { rev: 1 } })
}

/** Whether the DAG has ended, by this call or before. */
export async function endDagIfDone(context: MongoContext, run: string, name: string): Promise<boolean> {
  const { dags, tasks } = context.collections
  const _id = dagId(run, name)
  const open = { run, dag: name, holds: true }
  const { leftOpen } = context.known
  // Where something is likely to be open, a plain look costs no round of the replica set. "Nothing" is only believed of a sure one.
  if (leftOpen.get(_id) === true && (await context.exists(tasks, open))) return false
  if (await context.existsSurely(tasks, open)) {
    leftOpen.set(_id, true)
    return false
  }
  leftOpen.delete(_id)
  const end = (stop: StopRecord | null) => ({
    $set: { state: endStateOf(stop), endedAt: context.now() },
    $unset: { todo: '' as const },
    $inc: { rev: 1 },
  })
  // Most are not being stopped: these need not be read.
  if (await context.update(dags, { _id, state: 'running', stop: null }, end(null))) return true
  for (;;) {
    const dag = await context.get(dags, _id)
    if (dag === null || dag.state !== 'running') return dag !== null && dag.state !== 'preparing'
    if (await context.update(dags, { _id, state: 'running', rev: dag.rev }, end(dag.stop))) return true
  }
}

/** Its final state, when this call ended the run. The store goes with a run that succeeded, unless it keeps its data. */
export async function endRunIfDone(context: MongoContext, id: string): Promise<RunState | null> {
  const { runs, dags } = context.collections
  for (;;) {
    // Read before the DAGs: a copy that is started meanwhile changes `dagSeq`, and the write below misses.
    const run = await context.get(runs, id)
    if (run === null || run.state !== 'running' || run.draft) return null
    if (await context.existsSurely(dags, { run: id, state: { $in: ['running', 'preparing'] } })) return null
    const ended = await endRun(context, run)
    if (ended !== null) return ended
  }
}

async function endRun(context: MongoContext, run: RunDoc): Promise<RunState | null> {
  const { runs } = context.collections
  const state = endStateOf(run.stop)
  const { _id, rev, dagSeq } = run
  const keepData = keepsStore(run, state)
  // Nothing comes to it any more: no claim holds in a run whose DAGs have ended.
  const isToClean = !keepData && (await hasStore(context, _id, 'data'))
  const endToken = context.newToken()
  const end = { $set: { state, endedAt: context.now(), endToken }, $inc: { rev: 1 } }
  const then = isToClean
    ? { ...end, $set: { ...end.$set, todo: 'clean' as const } }
    : { ...end, $unset: { todo: '' as const } }
  const isEnded = await context.update(runs, { _id, state: 'running', rev, dagSeq }, then)
  // A repetition misses what its first try did.
  if (!isEnded && (await context.get(runs, _id))?.endToken !== endToken) return null
  if (keepData) await forgetOperations(context, _id)
  else if (isToClean) await cleanRun(context, _id)
  return state
}

/** The store of a run that has ended and does not keep its data. */
export async function cleanRun(context: MongoContext, run: string): Promise<void> {
  await deleteStore(context, run, 'data')
  await context.update(context.collections.runs, { _id: run, todo: 'clean' }, { $unset: { todo: '' } })
}
