/** What follows from a task that has ended: carried out by who ended it, or by anybody who finds it undone. */
import { stopFor } from '../../lease/end-states.ts'
import type { RunState, TaskRecord } from '../../lease/records.ts'
import type { Ending } from '../../lease/votes.ts'
import { advance } from './advance.ts'
import type { TaskChange } from './change-task.ts'
import type { MongoContext } from './context.ts'
import { taskOf, type TaskDoc, type TaskTodo } from './documents.ts'
import type { Filter } from 'mongodb'
import { endWaits, remakeInputs } from './remake.ts'
import { endDagIfDone, endRunIfDone, haltRun } from './ends.ts'

export interface FollowUp {
  /** Became ready, in order of definition. */
  ready: TaskRecord[]
  /** Name of the task's DAG copy, when it has ended. */
  dagEnded: string | null
  runEnded: RunState | null
}

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
  const ending = endingOf(doc)
  const ready = ending === null ? [] : [...(await advance(context, doc, ending)), ...(await endWaits(context, doc))]
  if (doc.todo === 'halt') await recordHalt(context, doc)
  // A successor that is ready keeps the DAG open: nobody need look.
  const hasEnded = ready.length === 0 && (await endDagIfDone(context, doc.run, doc.dag))
  const runEnded = hasEnded ? await endRunIfDone(context, doc.run) : null
  await context.update(context.collections.tasks, undone(doc), { $unset: { todo: '' } })
  return { ready, dagEnded: hasEnded ? doc.dag : null, runEnded }
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
