/**
 * Rows that operations read again: the session, the run and its DAG, and a task on its way from one state to the next. Nobody else can change
 * them while this process holds the write lock, so within one transaction they are read and decoded once; and for as long as no other
 * connection has committed anything, they are what the next transaction finds, too. Of what this process holds there is more to say: as long as
 * a task is claimed under the same epoch and claim id, nobody changes it, so that a short look is enough after others have committed.
 */
import { TransientMap } from '../../core/transient.ts'
import { claimOf } from '../../lease/fence.ts'
import { OPEN_TASK_STATES } from '../../lease/end-states.ts'
import { parseTaskId } from '../../../protocols/ids.ts'
import type { Claim, DagRecord, SessionRecord, TaskRecord } from '../../lease/records.ts'
import type { RunHead, Tables } from '../tables.ts'

export interface CachedTables {
  tables: Tables
  /**
   * A transaction begins. `dataVersion`: SQLite's own, which changes when another connection has committed something; what is remembered under
   * another one is forgotten.
   */
  readonly begin: (dataVersion: number) => void
  /** What an operation wrote was undone. */
  readonly forget: () => void
}

/** Short questions, for what is remembered or need not be read. */
export interface ShortLooks {
  /** Whether the task is still held under this claim. */
  readonly isHeldBy: (claim: Claim) => boolean
  /** False when no task of this DAG follows another one. */
  readonly hasEdges: (run: string, dag: string) => boolean
}

export type CacheableTables = Tables & ShortLooks

/** Rows kept at a time, of each kind; a commit with more of them starts over. */
const MAX_ROWS = 1000
/** Tasks kept from one transaction to the next, beside those that are claimed: each may have an inline payload. */
const MAX_TASKS_KEPT = 100

const OPEN: ReadonlySet<string> = new Set(OPEN_TASK_STATES)

export function withRowCache(tables: CacheableTables): CachedTables {
  const sessions = new TransientMap<string, SessionRecord | undefined>()
  const runs = new TransientMap<string, RunHead | undefined>()
  const dags = new TransientMap<string, DagRecord | undefined>()
  const tasks = new TransientMap<string, TaskRecord | undefined>()
  /** For a DAG, a task of it that has not ended. */
  const open = new TransientMap<string, string>()
  const edged = new TransientMap<string, boolean>()
  /** Of the tasks, those that are as they were before another process committed something. */
  let unsure = new Set<string>()
  const dagKey = (run: string, name: string): string => `${run}\0${name}`
  const known = (id: string): TaskRecord | undefined => {
    const task = tasks.get(id)
    if (unsure.delete(id) && !(task !== undefined && tables.isHeldBy(claimOf(task)))) tasks.delete(id)
    return tasks.get(id)
  }
  const hasEdges = (id: string): boolean =>
    remember(edged, id.slice(0, id.lastIndexOf('/')), () => {
      const { run, dag } = parseTaskId(id) ?? {}
      return run === undefined || dag === undefined || tables.hasEdges(run, dag)
    })

  const cached: Tables = {
    ...tables,
    session: id => remember(sessions, id, () => tables.session(id)),
    putSession(session) {
      sessions.delete(session.id)
      tables.putSession(session)
    },
    deleteSessionsDeadBefore(wallMs) {
      sessions.clear()
      tables.deleteSessionsDeadBefore(wallMs)
    },
    run: id => remember(runs, id, () => tables.run(id)),
    insertRun(run, blueprints) {
      runs.delete(run.id)
      tables.insertRun(run, blueprints)
    },
    putRun(run) {
      runs.delete(run.id)
      tables.putRun(run)
    },
    dag: (run, name) => remember(dags, dagKey(run, name), () => tables.dag(run, name)),
    insertDag(dag, copy, size) {
      dags.delete(dagKey(dag.run, dag.name))
      tables.insertDag(dag, copy, size)
    },
    putDag(dag) {
      dags.delete(dagKey(dag.run, dag.name))
      tables.putDag(dag)
    },
    task: id => known(id) ?? remember(tasks, id, () => tables.task(id)),
    readyTasks: (queue, wallMs, limit) =>
      tables.readyTasks(queue, wallMs, limit).map(task => {
        unsure.delete(task.id)
        note(tasks, task.id, task)
        return task
      }),
    insertTasks(added, edges, place) {
      tasks.clear()
      edged.clear()
      tables.insertTasks(added, edges, place)
    },
    // What is written is what would be read: records are never changed in place.
    putTask(task) {
      tables.putTask(task)
      unsure.delete(task.id)
      tasks.delete(task.id)
      remember(tasks, task.id, () => task)
      const key = dagKey(task.run, task.dag)
      if (OPEN.has(task.state)) note(open, key, task.id)
      else if (open.get(key) === task.id) open.delete(key)
    },
    // Asked at the end of each task, and nearly always there is another.
    hasOpenTask: (run, dag) => open.has(dagKey(run, dag)) || tables.hasOpenTask(run, dag),
    // Of tasks that need nothing of each other, nothing is asked but once.
    untoldSuccessors: id => (hasEdges(id) ? tables.untoldSuccessors(id) : []),
    votesInto: id => (hasEdges(id) ? tables.votesInto(id) : []),
    inputs: (id, limit) => (hasEdges(id) ? tables.inputs(id, limit) : []),
    cancelWaiting(run, dag, wallMs) {
      tasks.clear()
      open.clear()
      tables.cancelWaiting(run, dag, wallMs)
    },
  }
  let seenVersion: number | undefined
  const forgetOthers = (): void => {
    for (const rows of [sessions, runs, dags, open, edged]) rows.clear()
  }
  const forget = (): void => {
    forgetOthers()
    tasks.clear()
    unsure.clear()
  }
  return {
    tables: cached,
    begin(dataVersion) {
      const isNews = dataVersion !== seenVersion
      if (isNews || tasks.size > MAX_TASKS_KEPT) keepClaimed(tasks)
      if (isNews) {
        forgetOthers()
        unsure = new Set(tasks.keys())
      }
      seenVersion = dataVersion
    },
    forget,
  }
}

/** What this peer works with; it has no output yet. What it claimed for others ends elsewhere. */
function keepClaimed(tasks: TransientMap<string, TaskRecord | undefined>): void {
  for (const [id, task] of tasks) {
    if (task?.state !== 'claimed' || task.history.at(-1)?.passedBy !== undefined) tasks.delete(id)
  }
}

function note<T>(rows: TransientMap<string, T>, key: string, row: T): void {
  if (rows.size >= MAX_ROWS) rows.clear()
  rows.set(key, row)
}

function remember<T>(rows: TransientMap<string, T>, key: string, read: () => T): T {
  if (rows.has(key)) return rows.get(key) as T
  const row = read()
  note(rows, key, row)
  return row
}
