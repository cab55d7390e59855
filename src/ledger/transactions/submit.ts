/** A workflow becomes a run. */
import { isDeepStrictEqual } from 'node:util'
import { LightflowError } from '../../core/errors.ts'
import { checkNewestRetry } from '../../lease/retry-once.ts'
import { retryRun } from '../../lease/retry-run.ts'
import { DEFAULT_QUEUE } from '../../workflow/make-plan.ts'
import { parseQueue, queueWithNeeds } from '../../workflow/needs.ts'
import type { DagPlan, WorkflowPlan } from '../../workflow/plan.ts'
import { isOwnMeta } from '../../workflow/run-meta.ts'
import { MAX_DAGS_PER_RUN, MAX_EDGES_PER_DAG, MAX_TASKS_PER_DAG } from '../../../protocols/limits.ts'
import type { NewRun } from '../ledger.ts'
import { packPlan, unpackDag, type PackedDag, type PartLimits } from '../plan-parts.ts'
import { leavesOf, writeLeaves } from '../store-leaves.ts'
import type { RunHead, Tables } from '../tables.ts'
import { putBundle } from './bundles.ts'
import { requireRun } from './require-rows.ts'
import { endRunIfDone } from './settle.ts'
import { insertCopy } from './start-dag.ts'
import { writeTasks } from './write-tasks.ts'

/** What becomes of a {@link NewRun} before its transaction, where its plan need not travel as it is. */
export interface PackedRun extends Omit<NewRun, 'plan'> {
  plan: Omit<WorkflowPlan, 'dags'>
  /** Of the plan that {@link planFor} made. */
  dags: readonly PackedDag[]
  /** How much of it is written at once, when that is not the usual. */
  limits?: PartLimits
}

/** Throws `LF_PLAN_TOO_LARGE`, `LF_PLAN`. */
export function packRun(run: NewRun, { dags }: WorkflowPlan, limits?: PartLimits): PackedRun {
  checkSize({ dags })
  const { name, description, options } = run.plan
  const packed = { ...run, plan: { name, description, options }, dags: packPlan({ dags }, limits) }
  return limits === undefined ? packed : { ...packed, limits }
}

export function submit(tables: Tables, now: number, submission: PackedRun): RunHead {
  const { dags } = submission
  const head = headOf(submission, now)
  const known = tables.run(submission.id)
  if (known !== undefined) {
    if (!isSameSubmission(known, head)) throw runExists(submission.id)
    return known
  }
  if (submission.code !== undefined) putBundle(tables, now, head.bundle, submission.code)
  if (head.retryOf !== undefined) return submitRetry(tables, now, head, submission)
  tables.insertRun(head, dags)
  const store = tables.leaves(head.id, 'data')
  for (const [name, value] of Object.entries(head.args))
    writeLeaves(store, { kind: 'set', path: name, leaves: leavesOf(name, value) })
  for (const { name, tasks, autostart } of dags) {
    if (autostart) insertCopy(tables, now, head, { name, tasks, starter: null, starterKey: null, data: null })
  }
  // The rest is written by the peers.
  writeTasks(tables, now, head.id, submission.limits)
  endRunIfDone(tables, now, head.id)
  return tables.run(head.id) ?? head
}

function submitRetry(
  tables: Tables,
  now: number,
  head: RunHead,
  { dags, retryOf: old = '', again }: PackedRun,
): RunHead {
  const run = requireRun(tables, old)
  const blueprints = dags.map(unpackDag)
  const edges = tables.dags(old).flatMap(({ name }) => tables.edges(old, name))
  const ended = { run, blueprints: tables.blueprints(old), dags: tables.dags(old), tasks: tables.tasks(old), edges }
  const copies = retryRun(ended, { run: head.id, priority: head.priority, blueprints, now })
  const first = firstRun(tables, run)
  checkNewestRetry(old, first.newestRetry === undefined ? undefined : tables.run(first.newestRetry), again === true)
  tables.putRun({ ...first, newestRetry: head.id })
  tables.insertRun(head, dags)
  for (const section of ['data', 'meta'] as const) {
    const leaves = tables.leaves(head.id, section)
    for (const [path, value] of tables.leaves(old, section).all()) {
      if (section === 'data' || !isOwnMeta(path)) leaves.putLeaf(path, value)
    }
  }
  for (const copy of copies) {
    const places = new Map(copy.tasks.map(({ name }, place) => [name, place]))
    tables.insertDag(copy.dag, copy.copy, copy.tasks.length)
    tables.insertTasks(copy.tasks, copy.edges, name => places.get(name) as number)
  }
  endRunIfDone(tables, now, head.id)
  return tables.run(head.id) ?? head
}

/** The one that the run tries again, and that one again, and so on; as far as they are known. */
function firstRun(tables: Tables, run: RunHead): RunHead {
  let first = run
  for (let before: RunHead | undefined = first; before !== undefined;) {
    first = before
    before = first.retryOf === undefined ? undefined : tables.run(first.retryOf)
  }
  return first
}

/**
 * The plan of a run: the queue of the submission is that of every task for which neither itself nor its DAG names one, also in DAGs that
 * start later. Done before the transaction, so that a large plan need not travel back.
 */
export function planFor({ plan, queue: given }: Pick<NewRun, 'plan' | 'queue'>): WorkflowPlan {
  if (given === null) return plan
  const dags = plan.dags.map(dag => ({
    ...dag,
    tasks: dag.tasks.map(task => {
      const { queue, needs } = parseQueue(task.queue)
      const namesNone = queue === DEFAULT_QUEUE && task.namesQueue !== true
      return namesNone ? { ...task, queue: queueWithNeeds(given, needs) } : task
    }),
  }))
  return { ...plan, dags }
}

/** A run as it is when it begins. */
export function headOf(
  { id, plan, bundle, args, submittedBy, keepData, priority, queue, retryOf }: Omit<PackedRun, 'dags' | 'code'>,
  now: number,
): RunHead {
  const { name, description, options } = plan
  const given = {
    id,
    workflow: name,
    plan: { name, description, options },
    bundle,
    args,
    submittedBy,
    keepData,
    priority,
    ...(queue === null ? {} : { queue }),
    ...(retryOf === undefined ? {} : { retryOf }),
  }
  return { ...given, state: 'running', createdAt: now, startedAt: null, endedAt: null, stop: null }
}

/** Whether a submission is the repetition of one that is known. */
export function isSameSubmission(known: RunHead, submitted: RunHead): boolean {
  const identity = ({ workflow, bundle, args, submittedBy, keepData, priority, queue, retryOf }: RunHead) => {
    return { workflow, bundle, args, submittedBy, keepData, priority, queue, retryOf }
  }
  return isDeepStrictEqual(identity(known), identity(submitted))
}

/** Throws `LF_PLAN_TOO_LARGE`. */
export function checkSize({ dags }: Pick<WorkflowPlan, 'dags'>): void {
  if (dags.length > MAX_DAGS_PER_RUN) throw tooLarge(`It has ${dags.length} DAGs`, MAX_DAGS_PER_RUN)
  for (const { name, tasks, edges } of dags) checkDagSize(name, tasks.length, edges.length)
}

function checkDagSize(name: DagPlan['name'], tasks: number, edges: number): void {
  if (tasks > MAX_TASKS_PER_DAG) throw tooLarge(`DAG "${name}" has ${tasks} tasks`, MAX_TASKS_PER_DAG)
  if (edges > MAX_EDGES_PER_DAG) throw tooLarge(`DAG "${name}" has ${edges} edges`, MAX_EDGES_PER_DAG)
}

function tooLarge(what: string, limit: number): LightflowError {
  return new LightflowError('LF_PLAN_TOO_LARGE', `The workflow is too large. ${what}, the limit is ${limit}.`, {
    hint: 'Split it: a task may start DAGs with `signal.startDag`.',
  })
}

export function runExists(id: string): LightflowError {
  return new LightflowError('LF_RUN_EXISTS', `There is another run "${id}" already.`, {
    hint: 'Submit again with a new run id.',
    facts: { run: id },
  })
}
