/**
 * What follows from a task that has ended, all in the transaction that ended it: successors become ready or are skipped (and theirs, and so
 * on), a failure stops the run, and DAG and run end when nothing is open in them any more.
 */
import { taskId } from '../../../protocols/ids.ts'
import { readyTask, skipTask } from '../../lease/advance-task.ts'
import { endStateOf, stopFor, stopForDag } from '../../lease/end-states.ts'
import { endAwaiting, isRenewed } from '../../lease/lost-inputs.ts'
import type { AwaitedInput, DagRecord, RunState, StopRecord, TaskRecord } from '../../lease/records.ts'
import { decide, voteOf, type Ending } from '../../lease/votes.ts'
import type { RunHead, Tables } from '../tables.ts'

export interface Settled {
  /** Became ready, in order of definition. */
  ready: TaskRecord[]
  /** Name of the task's DAG copy, when this ended it. */
  dagEnded: string | null
  runEnded: RunState | null
}

/** `ending` tells the successors; null when they are told nothing (the task failed, was aborted or cancelled). */
export function settle(tables: Tables, now: number, task: TaskRecord, ending: Ending | null): Settled {
  const ready = ending === null ? [] : [...advance(tables, now, task, ending), ...endWaits(tables, task)]
  const stop = stopFor(task, now)
  if (stop !== null) haltRun(tables, now, task.run, stop, task.dag)
  // What became ready keeps its DAG open, and an open DAG its run.
  if (ready.length === 0 || stop !== null) endDagIfDone(tables, now, task.run, task.dag)
  const dag = tables.dag(task.run, task.dag)
  if (dag?.state === 'running') return { ready, dagEnded: null, runEnded: null }
  return { ready, dagEnded: dag?.name ?? null, runEnded: endRunIfDone(tables, now, task.run) }
}

interface Ended {
  id: string
  ending: Ending
}

function advance(tables: Tables, now: number, { id }: TaskRecord, ending: Ending): TaskRecord[] {
  return advanceTo(tables, now, { id, ending }, tables.untoldSuccessors(id))
}

/**
 * Tells these successors, and those of the ones that are skipped by it. Iterative: a chain of skips may be as long as the DAG. Returns what
 * became ready.
 */
export function advanceTo(tables: Tables, now: number, first: Ended, successors: readonly string[]): TaskRecord[] {
  const ready: TaskRecord[] = []
  const skipped: Ended[] = []
  const tellAll = (ended: Ended, untold: readonly string[]): void => {
    for (const id of untold) {
      const successor = tell(tables, now, ended, id)
      if (successor?.state === 'ready') ready.push(successor)
      if (successor?.state !== 'skipped') continue
      skipped.push({ id, ending: { state: 'skipped', propagateSkip: successor.propagateSkip } })
    }
  }
  tellAll(first, successors)
  for (let next = skipped.pop(); next !== undefined; next = skipped.pop()) {
    tellAll(next, tables.untoldSuccessors(next.id))
  }
  return ready
}

/** Casts one vote; returns the successor when that decided it. */
function tell(tables: Tables, now: number, ended: Ended, id: string): TaskRecord | undefined {
  tables.castVote(ended.id, id, voteOf(ended.ending, nameIn(id)))
  const votes = tables.votesInto(id)
  if (votes.includes(null)) return undefined
  const successor = tables.task(id)
  if (successor?.state !== 'blocked') return undefined
  const verdict = decide(successor.forceRun, votes)
  const decided = verdict === 'run' ? readyTask(successor, now) : skipTask(successor, now)
  tables.putTask(decided)
  return decided
}

/** Successors that waited for what this task made again, when they wait for nothing else. */
function endWaits(tables: Tables, task: TaskRecord): TaskRecord[] {
  if (task.remade === undefined) return []
  return tables.blockedSuccessors(task.id).flatMap(successor => {
    const { awaits = [], run, dag } = successor
    const isThere = (input: AwaitedInput) => {
      const producer = tables.task(taskId(run, dag, input.task))
      return producer !== undefined && isRenewed(producer, input)
    }
    if (awaits.length === 0 || !awaits.every(isThere)) return []
    const ready = endAwaiting(successor)
    tables.putTask(ready)
    return [ready]
  })
}

function nameIn(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1)
}

/** Nothing new starts in the run. The first reason stays. Does not end the run: see {@link endRunIfDone}. */
export function haltRun(tables: Tables, now: number, id: string, stop: StopRecord, causeDag: string | null): void {
  const run = tables.run(id)
  if (run === undefined || run.stop !== null) return
  tables.putRun({ ...run, stop })
  for (const dag of tables.openDags(id)) {
    haltDag(tables, now, dag, causeDag === null ? stop : stopForDag(stop, dag.name === causeDag))
  }
}

/** Nothing new starts in the DAG, and it ends now when nothing is being run. */
export function haltDag(tables: Tables, now: number, dag: DagRecord, stop: StopRecord): void {
  if (dag.stop === null) tables.putDag({ ...dag, stop })
  tables.cancelWaiting(dag.run, dag.name, now)
  endDagIfDone(tables, now, dag.run, dag.name)
}

export function endDagIfDone(tables: Tables, now: number, run: string, name: string): void {
  const dag = tables.dag(run, name)
  if (dag === undefined || dag.state !== 'running') return
  // What is not written yet is open.
  if (dag.unwritten !== undefined || tables.hasOpenTask(run, name)) return
  tables.putDag({ ...dag, state: endStateOf(dag.stop), endedAt: now })
}

/** Its final state, when this ended the run. The store goes with a run that succeeded, unless it keeps its data. */
export function endRunIfDone(tables: Tables, now: number, id: string): RunState | null {
  const run = tables.run(id)
  if (run === undefined || run.state !== 'running' || tables.hasOpenDag(id)) return null
  return endRun(tables, now, run)
}

/** A run that did not succeed may be tried again, which needs what it had noted. */
export function keepsStore({ keepData }: Pick<RunHead, 'keepData'>, state: RunState): boolean {
  return keepData || state !== 'succeeded'
}

function endRun(tables: Tables, now: number, run: RunHead): RunState {
  const state = endStateOf(run.stop)
  tables.putRun({ ...run, state, endedAt: now })
  if (!keepsStore(run, state)) tables.leaves(run.id, 'data').deleteAll()
  return state
}
