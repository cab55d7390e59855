/** Reads for people. */
import type { DagRecord, RunRecord, TaskRecord, TaskState } from '../../lease/records.ts'
import type { DagProgress, RunFilter, RunHead, RunProgress, TaskStanding } from '../ledger.ts'
import { MAX_DAGS_PER_RUN } from '../../../protocols/limits.ts'
import { MAX_RUNS_PAGE } from '../ledger-limits.ts'
import { startDag as rowsOf } from '../../lease/start-dag.ts'
import type { Tables } from '../tables.ts'
import { cancelledTask } from './write-tasks.ts'

/** Copies of DAGs of one run that are not written whole: as many as there are. */
const ALL = MAX_DAGS_PER_RUN

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

export function runProgress(tables: Tables, now: number, id: string): RunProgress | undefined {
  const head = tables.run(id)
  return head && { head, counts: taskCounts(tables, now, id) }
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

/** Tasks that are not written yet as they will be. */
export function tasks(tables: Tables, now: number, run: string, dag?: string): TaskRecord[] {
  const unwritten = tables.unwrittenDags(ALL, run).filter(({ name }) => dag === undefined || name === dag)
  const written = tables.tasks(run, dag)
  if (unwritten.length === 0) return written
  const byDag = Map.groupBy(written, task => task.dag)
  for (const each of unwritten)
    byDag.set(each.name, [...(byDag.get(each.name) ?? []), ...comingTasks(tables, now, each)])
  return tables.dags(run).flatMap(({ name }) => byDag.get(name) ?? [])
}

export function task(tables: Tables, _now: number, id: string): TaskRecord | undefined {
  return tables.task(id)
}

export function taskCounts(tables: Tables, _now: number, run: string): Partial<Record<TaskState, number>> {
  const counts = tables.taskCounts(run)
  for (const dag of tables.unwrittenDags(ALL, run)) addComing(counts, dag)
  return counts
}

export function dagProgress(tables: Tables, _now: number, run: string): DagProgress[] {
  const progress = tables.dagProgress(run)
  for (const dag of tables.unwrittenDags(ALL, run)) {
    const known = progress.find(each => each.dag === dag.name)
    const { counts } = known ?? { counts: {} }
    if (known === undefined) progress.push({ dag: dag.name, counts, epochs: 0 })
    addComing(counts, dag)
  }
  return progress
}

function addComing(counts: Partial<Record<TaskState, number>>, { stop, unwritten }: DagRecord): void {
  const state = comingState(stop)
  counts[state] = (counts[state] ?? 0) + (unwritten?.tasks ?? 0)
}

export function taskStates(tables: Tables, now: number, run: string, dag: string): TaskStanding[] {
  const coming = tables.unwrittenDags(ALL, run).filter(({ name }) => name === dag)
  const standings = coming
    .flatMap(each => comingTasks(tables, now, each))
    .map(({ id, state, epoch }) => ({ id, state, epoch }))
  return [...tables.taskStates(run, dag), ...standings]
}

/** What is not written yet waits, or is as good as cancelled. */
function comingState(stop: DagRecord['stop']): TaskState {
  return stop === null ? 'blocked' : 'cancelled'
}

function comingTasks(tables: Tables, now: number, dag: DagRecord): TaskRecord[] {
  const { priority } = tables.run(dag.run) ?? { priority: 0 }
  const coming: TaskRecord[] = []
  for (let part = dag.unwritten?.part ?? Infinity, parts = Infinity; part < parts; part++) {
    const found = tables.blueprintPart(dag.run, dag.blueprint, part)
    if (found === undefined) break
    parts = found.parts
    const { tasks } = rowsOf(found.part, { run: dag.run, dag: dag.name, priority, now: dag.createdAt })
    for (const task of tasks) {
      coming.push(dag.stop === null ? { ...task, state: 'blocked', readyAt: null } : cancelledTask(task, now))
    }
  }
  return coming
}

/** Of those that are written: what is still to come waits. */
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
