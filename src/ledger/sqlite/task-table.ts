import { OPEN_TASK_STATES, WAITING_TASK_STATES } from '../../lease/end-states.ts'
import type { TaskRecord, TaskState } from '../../lease/records.ts'
import type { DagProgress } from '../ledger.ts'
import type { Tables } from '../tables.ts'
import type { ShortLooks } from './row-cache.ts'
import { LIMIT, type Prepare } from './statements.ts'
import { encodeOut, encodeRest, quoted, TASK_COLUMNS, toTask } from './task-row.ts'

type TaskTable = Pick<
  Tables,
  | 'task'
  | 'insertTasks'
  | 'putTask'
  | 'tasks'
  | 'taskCounts'
  | 'dagProgress'
  | 'taskStates'
  | 'tasksIn'
  | 'hasOpenTask'
  | 'cancelWaiting'
  | 'claimedBy'
  | 'orphans'
> &
  Pick<ShortLooks, 'isHeldBy'>

export function taskTable(prepare: Prepare): TaskTable {
  const byId = prepare(`SELECT ${TASK_COLUMNS} FROM tasks WHERE id = ?`)
  const held = prepare(`SELECT 1 FROM tasks WHERE id = ? AND state = 'claimed' AND epoch = ? AND claim_id = ?`)
  const baseOf = prepare('SELECT base FROM dag_copies WHERE run = ? AND name = ?')
  const insert = prepare(`
    INSERT INTO tasks (seq, ${TASK_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  `)
  const insertEdge = prepare('INSERT INTO edges (from_task, to_task, ord, slot, vote) VALUES (?, ?, ?, ?, ?)')
  const update = prepare(`
    UPDATE tasks SET state = ?, epoch = ?, claim_id = ?, owner = ?, not_before = ?, ready_at = ?, ended_at = ?, out = ?, doc = ?
    WHERE id = ?
  `)
  const ofRun = prepare(`SELECT ${TASK_COLUMNS} FROM tasks WHERE run = ? ORDER BY seq`)
  const ofDag = prepare(`SELECT ${TASK_COLUMNS} FROM tasks WHERE run = ? AND dag = ? ORDER BY seq`)
  const counts = prepare('SELECT state, count(*) AS count FROM tasks WHERE run = ? GROUP BY state')
  const progress = prepare(`
    SELECT dag, state, count(*) AS count, sum(epoch) AS epochs FROM tasks WHERE run = ? GROUP BY dag, state
  `)
  const states = prepare('SELECT id, state, epoch FROM tasks WHERE run = ? AND dag = ?')
  const inStates = prepare(`
    SELECT ${TASK_COLUMNS} FROM tasks WHERE run = ? AND state IN (SELECT value FROM json_each(?)) ORDER BY seq ${LIMIT}
  `)
  const anyOpen = prepare(`
    SELECT 1 FROM tasks WHERE run = ? AND dag = ? AND state IN (${quoted(OPEN_TASK_STATES)}) LIMIT 1
  `)
  const cancel = prepare(`
    UPDATE tasks SET state = 'cancelled', ended_at = ?
    WHERE run = ? AND dag = ? AND state IN (${quoted(WAITING_TASK_STATES)})
  `)
  const claimed = prepare(`SELECT ${TASK_COLUMNS} FROM tasks WHERE state = 'claimed' AND owner = ? ORDER BY seq`)
  // Asked at every sweep: left to itself, SQLite reads all tasks that there ever were, in the order that is wanted.
  const orphaned = prepare(`
    SELECT ${TASK_COLUMNS} FROM tasks INDEXED BY tasks_claimed WHERE state = 'claimed'
    AND NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.id = tasks.owner AND sessions.state <> 'dead')
    ORDER BY seq ${LIMIT}
  `)

  function insertTask(seq: number, task: TaskRecord): void {
    const { id, run, dag, name, state, queue, priority, epoch, claimId, owner, notBefore, readyAt, endedAt, out } = task
    const times = [notBefore, readyAt, endedAt]
    insert.run(
      seq,
      id,
      run,
      dag,
      name,
      state,
      queue,
      priority,
      epoch,
      claimId,
      owner,
      ...times,
      encodeOut(out),
      encodeRest(task),
    )
  }

  return {
    task(id) {
      const row = byId.getValues(id)
      return row && toTask(row)
    },
    isHeldBy: ({ task, epoch, claimId }) => held.getValues(task, epoch, claimId) !== undefined,
    insertTasks(tasks, edges, place) {
      const [first] = tasks
      if (first === undefined) return
      const firstSeq = Number(baseOf.get(first.run, first.dag)?.base) + 1
      for (const task of tasks) insertTask(firstSeq + place(task.name), task)
      for (const { from, to, order, slot, vote } of edges) {
        insertEdge.run(firstSeq + place(from), firstSeq + place(to), order, slot, vote)
      }
    },
    putTask(task) {
      const { id, state, epoch, claimId, owner, notBefore, readyAt, endedAt, out } = task
      update.run(state, epoch, claimId, owner, notBefore, readyAt, endedAt, encodeOut(out), encodeRest(task), id)
    },
    tasks: (run, dag) => (dag === undefined ? ofRun.allValues(run) : ofDag.allValues(run, dag)).map(toTask),
    taskCounts: run => Object.fromEntries(counts.all(run).map(({ state, count }) => [state, count])),
    dagProgress(run) {
      const dags = new Map<string, DagProgress>()
      for (const { dag: name, state, count, epochs } of progress.all(run)) {
        const dag = dags.get(String(name)) ?? { dag: String(name), counts: {}, epochs: 0 }
        dag.counts[state as TaskState] = Number(count)
        dag.epochs += Number(epochs)
        dags.set(dag.dag, dag)
      }
      return [...dags.values()]
    },
    taskStates: (run, dag) =>
      states.all(run, dag).map(({ id, state, epoch }) => ({
        id: String(id),
        state: state as TaskState,
        epoch: Number(epoch),
      })),
    tasksIn: (run, states, limit) => inStates.allValues(run, JSON.stringify(states), limit).map(toTask),
    hasOpenTask: (run, dag) => anyOpen.get(run, dag) !== undefined,
    cancelWaiting: (run, dag, wallMs) => cancel.run(wallMs, run, dag),
    claimedBy: session => claimed.allValues(session).map(toTask),
    orphans: limit => orphaned.allValues(limit).map(toTask),
  }
}
