/**
 * A DAG that has started becomes rows part by part, in definition order, each part in a transaction of its own: the first with the start, the
 * others by whichever peer comes by. All that they need is in the ledger since the start, so nothing can go wrong later that who started the DAG
 * would have to know. Meanwhile the DAG counts as open, and tasks that are there are run.
 *
 * A task comes with all edges into it, so it is never ready too early. What its predecessors had to tell when they ended before it was there,
 * they tell now.
 */
import { taskId } from '../../../protocols/ids.ts'
import { type ErrorRecord, hasCode, LightflowError, toErrorRecord } from '../../core/errors.ts'
import type { DagRecord, StopRecord, TaskRecord } from '../../lease/records.ts'
import { startDag as rowsOf } from '../../lease/start-dag.ts'
import { type DagPart, PART_LIMITS, type PartLimits } from '../plan-parts.ts'
import type { Ended } from '../ledger.ts'
import type { BlueprintPart, RunHead, Tables } from '../tables.ts'
import { requireRun } from './require-rows.ts'
import { advanceTo, endDagIfDone, endRunIfDone, haltDag, haltRun } from './settle.ts'

/** Whether there are DAGs of which tasks are still to be written: of one run, or of any. */
export function hasUnwritten(tables: Tables, _now: number, run?: string): boolean {
  return tables.unwrittenDags(1, run).length > 0
}

/** DAGs asked for at a time: most have more to write than one transaction does. */
const DAGS_PER_LOOK = 32

export interface Written {
  areMore: boolean
  /** DAGs that had nothing open any more once they were written, with their runs: nobody else will tell of these. */
  ended: Ended[]
}

/** Writes what is next, of one run or of all: one large part, or several small ones. */
export function writeTasks(tables: Tables, now: number, run?: string, limits: PartLimits = PART_LIMITS): Written {
  const left = { ...limits }
  const ended: Ended[] = []
  for (;;) {
    const dags = tables.unwrittenDags(DAGS_PER_LOOK, run)
    if (dags.length === 0) return { areMore: false, ended }
    for (const dag of dags) if (!writeDag(tables, now, dag, left, ended)) return { areMore: true, ended }
  }
}

/** False when that was too much for one transaction: there is more of this DAG, or perhaps of others. */
function writeDag(
  tables: Tables,
  now: number,
  { run, name }: Pick<DagRecord, 'run' | 'name'>,
  left: PartLimits,
  ended: Ended[],
): boolean {
  while (tables.dag(run, name)?.unwritten !== undefined) {
    if (left.tasks <= 0 || left.edges <= 0) return false
    const { tasks, edges } = writeOrGiveUp(tables, now, { run, name })
    // An empty part counts as well.
    left.tasks -= Math.max(1, tasks)
    left.edges -= edges
  }
  if (tables.dag(run, name)?.state !== 'running') {
    ended.push({ run, dagEnded: name, runEnded: endRunIfDone(tables, now, run) })
  }
  return true
}

/** A DAG whose blueprint is damaged ends with that, so that it keeps nobody else's from being written. */
function writeOrGiveUp(tables: Tables, now: number, at: Pick<DagRecord, 'run' | 'name'>): PartLimits {
  try {
    return writePart(tables, now, at)
  } catch (error) {
    // Nothing was written then.
    if (!hasCode(error, 'LF_DAG_DAMAGED')) throw error
    giveUp(tables, now, at, toErrorRecord(error))
    return { tasks: 0, edges: 0 }
  }
}

/** What was not written never will be: the run fails, and what runs comes to its end. */
function giveUp(tables: Tables, now: number, { run, name }: Pick<DagRecord, 'run' | 'name'>, error: ErrorRecord): void {
  const dag = tables.dag(run, name)
  if (dag === undefined) return
  const { unwritten: _, ...rest } = dag
  const stop: StopRecord = { reason: 'failed', by: `${run}/${name}`, at: now, error }
  tables.putDag(rest)
  haltRun(tables, now, run, stop, name)
  // Again for one that was stopped before.
  haltDag(tables, now, tables.dag(run, name) ?? rest, stop)
}

/** Throws `LF_DAG_DAMAGED`, before anything is written. */
function readPart(tables: Tables, { run, name, blueprint }: DagRecord, number: number): BlueprintPart {
  try {
    const found = tables.blueprintPart(run, blueprint, number)
    if (found !== undefined) return found
  } catch (error) {
    // The database's own trouble: it may be over at the next try.
    if (typeof (error as { errcode?: unknown }).errcode === 'number') throw error
    throw damaged(run, name, error)
  }
  throw damaged(run, name)
}

function damaged(run: string, dag: string, cause?: unknown): LightflowError {
  const message = `The rest of the DAG "${dag}" of the run "${run}" cannot be read: what the ledger keeps of it is damaged.`
  return new LightflowError('LF_DAG_DAMAGED', message, {
    hint: 'Run `lf doctor`, which looks whether the ledger is sound, then start the workflow again.',
    cause,
    facts: { run, dag },
  })
}

/** Throws `LF_DAG_DAMAGED`. Returns how much it wrote. Ends the DAG when that left nothing open in it; the run is left to the caller. */
export function writePart(
  tables: Tables,
  now: number,
  { run: runId, name }: Pick<DagRecord, 'run' | 'name'>,
): PartLimits {
  const run = requireRun(tables, runId)
  const dag = tables.dag(runId, name)
  if (dag?.unwritten === undefined) return { tasks: 0, edges: 0 }
  const { part: number, tasks: left } = dag.unwritten
  const { part, parts } = readPart(tables, dag, number)
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
  const { tasks, edges } = rowsOf(part, { run: run.id, dag: dag.name, priority: run.priority, now })
  const rows = tasks.map(task => (dag.stop === null ? inLineSince(task, dag.createdAt) : cancelledTask(task, now)))
  tables.insertTasks(rows, edges, placesIn(part))
}

/** As if all had been written then: nobody else's place in the line depends on when it was. */
function inLineSince(task: TaskRecord, startedAt: number): TaskRecord {
  return task.state === 'ready' ? { ...task, readyAt: startedAt } : task
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
