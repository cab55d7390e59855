/**
 * Rows that operations read again: the session, the run and its DAG, and a task on its way from one state to the next. Nobody else can change
 * them while this process holds the write lock, so within one transaction they are read and decoded once; and for as long as no other
 * connection has committed anything, they are what the next transaction finds, too.
 */
import { TransientMap } from '../../core/transient.ts'
import { OPEN_TASK_STATES } from '../../lease/end-states.ts'
import type { DagRecord, SessionRecord, TaskRecord } from '../../lease/records.ts'
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

/** Rows kept at a time, of each kind; a commit with more of them starts over. */
const MAX_ROWS = 1000
/** Tasks kept from one transaction to the next, beside those that are claimed: each may have an inline payload. */
const MAX_TASKS_KEPT = 100

const OPEN: ReadonlySet<string> = new Set(OPEN_TASK_STATES)

export function withRowCache(tables: Tables): CachedTables {
  const sessions = new TransientMap<string, SessionRecord | undefined>()
  const runs = new TransientMap<string, RunHead | undefined>()
  const dags = new TransientMap<string, DagRecord | undefined>()
  const tasks = new TransientMap<string, TaskRecord | undefined>()
  /** For a DAG, a task of it that has not ended. */
  const open = new TransientMap<string, string>()
  const dagKey = (run: string, name: string): string => `${run}\0${name}`

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
    task: id => remember(tasks, id, () => tables.task(id)),
    readyTasks: (queue, wallMs, limit) =>
      tables.readyTasks(queue, wallMs, limit).map(task => remember(tasks, task.id, () => task) ?? task),
    insertTasks(added, edges, place) {
      tasks.clear()
      tables.insertTasks(added, edges, place)
    },
    // What is written is what would be read: records are never changed in place.
    putTask(task) {
      tables.putTask(task)
      tasks.delete(task.id)
      remember(tasks, task.id, () => task)
      const key = dagKey(task.run, task.dag)
      if (OPEN.has(task.state)) note(open, key, task.id)
      else if (open.get(key) === task.id) open.delete(key)
    },
    // Asked at the end of each task, and nearly always there is another.
    hasOpenTask: (run, dag) => open.has(dagKey(run, dag)) || tables.hasOpenTask(run, dag),
    cancelWaiting(run, dag, wallMs) {
      tasks.clear()
      open.clear()
      tables.cancelWaiting(run, dag, wallMs)
    },
  }
  let seenVersion: number | undefined
  const forget = (): void => {
    for (const rows of [sessions, runs, dags, tasks, open]) rows.clear()
  }
  return {
    tables: cached,
    begin(dataVersion) {
      if (dataVersion !== seenVersion) forget()
      else if (tasks.size > MAX_TASKS_KEPT) keepClaimed(tasks)
      seenVersion = dataVersion
    },
    forget,
  }
}

/** What this peer works with; it has no output yet. */
function keepClaimed(tasks: TransientMap<string, TaskRecord | undefined>): void {
  for (const [id, task] of tasks) if (task?.state !== 'claimed') tasks.delete(id)
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
