import type { DagRecord, EdgeRecord, SessionRecord, TaskRecord } from '../../src/lease/records.ts'
import { MemoryTables } from '../../src/ledger/memory/memory-tables.ts'
import type { RunHead } from '../../src/ledger/tables.ts'
import { UndoLog } from '../../src/ledger/memory/undo-log.ts'

export type Change =
  | { row: 'task'; before: TaskRecord | undefined; after: TaskRecord }
  | { row: 'session'; before: SessionRecord | undefined; after: SessionRecord }
  | { row: 'run'; before: RunHead | undefined; after: RunHead }
  | { row: 'dag'; before: DagRecord | undefined; after: DagRecord }

/** The memory ledger's own tables, which also note every change of a row for the checker. */
export class RecordingTables extends MemoryTables {
  changes: Change[] = []

  constructor(undo = new UndoLog()) {
    super(undo)
  }

  override putTask(task: TaskRecord): void {
    this.changes.push({ row: 'task', before: this.task(task.id), after: task })
    super.putTask(task)
  }

  override insertTasks(tasks: readonly TaskRecord[], edges: readonly EdgeRecord[]): void {
    for (const after of tasks) this.changes.push({ row: 'task', before: this.task(after.id), after })
    super.insertTasks(tasks, edges)
  }

  override putSession(session: SessionRecord): void {
    this.changes.push({ row: 'session', before: this.session(session.id), after: session })
    super.putSession(session)
  }

  override putRun(head: RunHead): void {
    this.changes.push({ row: 'run', before: this.run(head.id), after: head })
    super.putRun(head)
  }

  override putDag(dag: DagRecord): void {
    this.changes.push({ row: 'dag', before: this.dag(dag.run, dag.name), after: dag })
    super.putDag(dag)
  }

  override insertDag(dag: DagRecord, copy: number): void {
    this.changes.push({ row: 'dag', before: undefined, after: dag })
    super.insertDag(dag, copy)
  }
}
