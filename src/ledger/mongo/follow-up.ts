/** What follows from tasks that have ended: carried out by who ended them, or by anybody who finds it undone. */
import { stopFor } from '../../lease/end-states.ts'
import type { RunState, TaskRecord } from '../../lease/records.ts'
import type { Ending } from '../../lease/votes.ts'
import { tellSuccessors, type MayRun } from './advance.ts'
import type { TaskChange } from './change-task.ts'
import type { MongoContext } from './context.ts'
import { writeDecisions, type WantedClaim } from './decisions.ts'
import { dagId, taskOf, type TaskDoc, type TaskTodo } from './documents.ts'
import type { Filter } from 'mongodb'
import { endWaits, remakeInputs } from './remake.ts'
import { endDagIfDone, endRunIfDone, haltRun } from './ends.ts'

export interface FollowUp {
  /** Became ready, in order of definition. */
  ready: TaskDoc[]
  /** Name of the task's DAG copy, when it has ended. */
  dagEnded: string | null
  runEnded: RunState | null
}

export interface FollowUps {
  /** One per task that had ended. */
  each: FollowUp[]
  /** What was claimed as `choose` wanted. */
  claimed: TaskDoc[]
}

/** What to claim in the same step, of what may run now and of what waits; `token` is what the claims are written under. */
export type Choose = (mayRun: readonly MayRun[], token: string) => Promise<WantedClaim[]>

const NOTHING_FOLLOWS: FollowUp = { ready: [], dagEnded: null, runEnded: null }

/** The change that makes a task `task`, with what is to be done then. */
export function endingChange(task: TaskRecord, skipSuccessors = false): TaskChange {
  const todo = todoOf(task)
  return todo === undefined ? { task } : { task, todo, skipSuccessors }
}

function todoOf({ state }: TaskRecord): TaskTodo | undefined {
  if (state === 'done' || state === 'stopped') return 'advance'
  if (state === 'failed' || state === 'aborted') return 'halt'
  return state === 'cancelled' ? 'end' : undefined
}

/** Does what `doc.todo` says and strikes it off, last. Repeating it, or doing it at the same time as others, changes nothing. */
export async function followUp(context: MongoContext, doc: TaskDoc): Promise<FollowUp> {
  if (doc.todo === undefined) return NOTHING_FOLLOWS
  if (doc.todo === 'remake') return { ...NOTHING_FOLLOWS, ready: await remakeInputs(context, doc) }
  const {
    each: [followed = NOTHING_FOLLOWS],
  } = await followAll(context, [doc])
  await context.update(context.collections.tasks, undone(doc), { $unset: { todo: '' } })
  return followed
}

/** The same for several at once, which are left to be struck off. */
export async function followAll(
  context: MongoContext,
  docs: readonly TaskDoc[],
  { choose, seen }: { choose?: Choose; seen?: ReadonlyMap<string, TaskDoc> } = {},
): Promise<FollowUps> {
  const each = docs.map((): FollowUp => ({ ...NOTHING_FOLLOWS, ready: [] }))
  const places = docs.flatMap((doc, place) => (endingOf(doc) === null ? [] : [place]))
  const roots = docs.flatMap(doc => {
    const ending = endingOf(doc)
    return ending === null ? [] : [{ doc, ending }]
  })
  const { mayRun, waiting } = await tellSuccessors(context, roots, seen)
  const token = context.newToken()
  const claims = (await choose?.(mayRun, token)) ?? []
  const taken = new Set(claims.map(({ before }) => before._id))
  const ready = mayRun.flatMap(({ doc }) => (taken.has(doc._id) ? [] : [doc]))
  const decided = await writeDecisions(context, { ready, claims, token })
  const rootOf = new Map(mayRun.map(({ doc, root }) => [doc._id, places[root]]))
  for (const doc of decided.ready) each[rootOf.get(doc._id) ?? 0]?.ready.push(doc)
  for (const [index, doc] of docs.entries()) {
    if (endingOf(doc) !== null) each[index]?.ready.push(...(await endWaits(context, doc)))
    if (doc.todo === 'halt') await recordHalt(context, doc)
  }
  const ofWaiting = [...waiting].flatMap(root => roots[root]?.doc ?? []).filter(({ stopping }) => stopping !== true)
  await endAll(context, docs, each, [...decided.claimed, ...ofWaiting])
  return { each, claimed: decided.claimed }
}

/**
 * What is ready now, or was claimed after these had ended, keeps its DAG open: nobody need look. Nor where a successor waits for another
 * task: whoever tells it of that one's end looks then. In a DAG that is being stopped that may never come.
 */
async function endAll(
  context: MongoContext,
  docs: readonly TaskDoc[],
  each: readonly FollowUp[],
  staysOpen: readonly TaskDoc[],
): Promise<void> {
  const open = new Set([...staysOpen, ...each.flatMap(({ ready }) => ready)].map(({ run, dag }) => dagId(run, dag)))
  const last = new Map(docs.map(({ run, dag }, index) => [dagId(run, dag), { run, dag, index }]))
  for (const [id, { run, dag, index }] of last) {
    const followed = each[index]
    if (open.has(id) || followed === undefined || !(await endDagIfDone(context, run, dag))) continue
    followed.dagEnded = dag
    followed.runEnded = await endRunIfDone(context, run)
  }
}

/** A task that runs again ends again: what is still to do about its last end is not struck off for an earlier one. */
function undone({ _id, epoch }: TaskDoc): Filter<TaskDoc> {
  return { _id, epoch, todo: { $exists: true } }
}

function endingOf(doc: TaskDoc): Ending | null {
  if (doc.state === 'done') return { state: 'done', limit: doc.limit }
  if (doc.state === 'stopped') return { state: 'stopped', skipSuccessors: doc.skipSuccessors }
  return null
}

/** Until its run knows of the failure, the task keeps its DAG from ending as if all were well. */
async function recordHalt(context: MongoContext, doc: TaskDoc): Promise<void> {
  const stop = stopFor(taskOf(doc), doc.endedAt ?? context.now())
  if (stop !== null) await haltRun(context, doc.run, stop, doc.dag)
  const change = { $set: { holds: false, todo: 'end' as const }, $inc: { rev: 1 } }
  await context.update(context.collections.tasks, { ...undone(doc), todo: 'halt' }, change)
}
