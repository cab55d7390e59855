/**
 * A DAG that has started becomes rows part by part, in definition order, each part in a transaction of its own: the first with the start, the
 * others by whichever peer comes by. All that they need is in the ledger since the start, so nothing can go wrong later that who started the DAG
 * would have to know. Meanwhile the DAG counts as open, and tasks that are there are run.
 *
 * A task comes with all edges into it, so it is never ready too early. What its predecessors had to tell when they ended before it was there,
 * they tell now.
 */
import { taskId } from '../../../protocols/ids.ts'
import type { DagRecord, TaskRecord } from '../../lease/records.ts'
import { startDag as rowsOf } from '../../lease/start-dag.ts'
import { MAX_EDGES_PER_PART, MAX_TASKS_PER_PART } from '../ledger-limits.ts'
import type { DagPart, PartLimits } from '../plan-parts.ts'
import type { RunHead, Tables } from '../tables.ts'
import { requireRun } from './require-rows.ts'
import { advanceTo, endDagIfDone, endRunIfDone } from './settle.ts'

/** Whether there are DAGs of which tasks are still to be written. */
export function hasUnwritten(tables: Tables): boolean {
  return tables.unwrittenDags(1).length > 0
}

/** DAGs asked for at a time: most have more to write than one transaction does. */
const DAGS_PER_LOOK = 32

/** Writes what is next, of one run or of all: one large part, or several small ones. True when there is more. */
export function writeTasks(tables: Tables, now: number, run?: string): boolean {
  const left = { tasks: MAX_TASKS_PER_PART, edges: MAX_EDGES_PER_PART }
  for (;;) {
    const dags = tables.unwrittenDags(DAGS_PER_LOOK, run)
    if (dags.length === 0) return false
    for (const dag of dags) if (!writeDag(tables, now, dag, left)) return true
  }
}

/** False when that was too much for one transaction: there is more of this DAG, or perhaps of others. */
function writeDag(
  tables: Tables,
  now: number,
  { run, name }: Pick<DagRecord, 'run' | 'name'>,
  left: PartLimits,
): boolean {
  while (tables.dag(run, name)?.unwritten !== undefined) {
    if (left.tasks <= 0 || left.edges <= 0) return false
    const { tasks, edges } = writePart(tables, now, { run, name })
    // An empty part counts as well.
    left.tasks -= Math.max(1, tasks)
    left.edges -= edges
  }
  if (tables.dag(run, name)?.state !== 'running') endRunIfDone(tables, now, run)
  return true
}

/** Returns how much it wrote. Ends the DAG when that left nothing open in it; the run is left to the caller. */
export function writePart(
  tables: Tables,
  now: number,
  { run: runId, name }: Pick<DagRecord, 'run' | 'name'>,
): PartLimits {
  const run = requireRun(tables, runId)
  const dag = tables.dag(runId, name)
  if (dag?.unwritten === undefined) return { tasks: 0, edges: 0 }
  const { part: number, tasks: left } = dag.unwritten
  const found = tables.blueprintPart(runId, dag.blueprint, number)
  if (found === undefined) throw new Error(`the blueprint ${dag.blueprint} of the run ${runId} has no part ${number}`)
  const { part, parts } = found
  const { unwritten: _, ...whole } = dag
  const isLast = number + 1 >= parts
  tables.putDag(isLast ? whole : { ...dag, unwritten: { part: number + 1, tasks: left - part.tasks.length } })
  insertPart(tables, part, { run, dag, now })
  if (dag.stop === null) tellLate(tables, now, part, dag)
  endDagIfDone(tables, now, runId, name)
  return { tasks: part.tasks.length, edges: part.edges.length }
}

/** In a DAG that starts nothing new they are cancelled from the beginning. */
function insertPart(
  tables: Tables,
  part: DagPart,
  { run, dag, now }: { run: RunHead; dag: DagRecord; now: number },
): void {
  const { tasks, edges } = rowsOf(part, {
    run: run.id,
    dag: dag.name,
    priority: run.priority,
    // As if all had been written then: nobody else's place in the line depends on when it was.
    now: dag.createdAt,
  })
  const rows = dag.stop === null ? tasks : tasks.map(task => cancelledTask(task, now))
  tables.insertTasks(rows, edges, placesIn(part))
}

export function cancelledTask(task: TaskRecord, now: number): TaskRecord {
  return { ...task, state: 'cancelled', endedAt: now }
}

function placesIn({ firstPlace, tasks, edges }: DagPart): (name: string) => number {
  const places = new Map(tasks.map(({ name }, index) => [name, firstPlace + index]))
  for (const { from, fromPlace } of edges) places.set(from, fromPlace)
  return name => {
    const place = places.get(name)
    if (place === undefined) throw new Error(`there is no task ${name} here`)
    return place
  }
}

/** Predecessors that are of earlier parts and have ended before these tasks were there. */
function tellLate(tables: Tables, now: number, { firstPlace, edges }: DagPart, dag: DagRecord): void {
  const late = new Set<string>()
  for (const { to, fromPlace } of edges) if (fromPlace < firstPlace) late.add(taskId(dag.run, dag.name, to))
  if (late.size === 0) return
  for (const { id, ending, untold } of tables.endedBefore([...late])) advanceTo(tables, now, { id, ending }, untold)
}
