/** Reads for people. */
import type { DagRecord, RunRecord, TaskRecord, TaskState } from '../../lease/records.ts'
import type { DagProgress, RunFilter, RunHead, TaskStanding } from '../ledger.ts'
import { MAX_RUNS_PAGE } from '../ledger-limits.ts'
import type { Tables } from '../tables.ts'

function runRecord(tables: Tables, head: RunHead): RunRecord {
  return { ...head, plan: { ...head.plan, dags: tables.blueprints(head.id) } }
}

export function run(tables: Tables, _now: number, id: string): RunRecord | undefined {
  const head = tables.run(id)
  return head && runRecord(tables, head)
}

export function runs(tables: Tables, now: number, filter: RunFilter): RunRecord[] {
  return runHeads(tables, now, filter).map(head => runRecord(tables, head))
}

export function runHead(tables: Tables, _now: number, id: string): RunHead | undefined {
  return tables.run(id)
}

export function runHeads(tables: Tables, _now: number, filter: RunFilter): RunHead[] {
  return tables.runs({ ...filter, limit: Math.min(filter.limit, MAX_RUNS_PAGE) })
}

export function dags(tables: Tables, _now: number, run: string): DagRecord[] {
  return tables.dags(run)
}

export function dagStates(
  tables: Tables,
  _now: number,
  run: string,
  names: readonly string[],
): (DagRecord['state'] | undefined)[] {
  return names.map(name => tables.dag(run, name)?.state)
}

export function dagsStartedBy(tables: Tables, _now: number, task: string): string[] {
  return tables.dagsByStarter(task).map(({ name }) => name)
}

export function tasks(tables: Tables, _now: number, run: string, dag?: string): TaskRecord[] {
  return tables.tasks(run, dag)
}

export function task(tables: Tables, _now: number, id: string): TaskRecord | undefined {
  return tables.task(id)
}

export function taskCounts(tables: Tables, _now: number, run: string): Partial<Record<TaskState, number>> {
  return tables.taskCounts(run)
}

export function dagProgress(tables: Tables, _now: number, run: string): DagProgress[] {
  return tables.dagProgress(run)
}

export function taskStates(tables: Tables, _now: number, run: string, dag: string): TaskStanding[] {
  return tables.taskStates(run, dag)
}

export function tasksIn(
  tables: Tables,
  _now: number,
  run: string,
  states: readonly TaskState[],
  limit: number,
): TaskRecord[] {
  return tables.tasksIn(run, states, limit)
}

export function backlog(tables: Tables): Record<string, number> {
  return tables.backlog()
}
