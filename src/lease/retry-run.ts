/**
 * A run that did not succeed is tried again: as a new run that takes over what the old one had finished. The old run stays as it ended, so
 * that nothing which counts on an end being final is ever wrong. Pure: records in, records out.
 *
 * Taken over is what `retry-kept.ts` says; all other tasks begin anew. Copies of DAGs keep their starters and keys: a starter that runs again finds the copies that it had started.
 */
import { LightflowError } from '../core/errors.ts'
import { parseTaskId, taskId } from '../../protocols/ids.ts'
import type { DagPlan } from '../workflow/plan.ts'
import { readyTask, skipTask } from './advance-task.ts'
import { OPEN_TASK_STATES } from './end-states.ts'
import type { DagRecord, EdgeRecord, RunRecord, TaskRecord, Vote } from './records.ts'
import { keptOf, type KeptInDag } from './retry-kept.ts'
import { startDag } from './start-dag.ts'
import { endingOf } from './ending-of.ts'
import { decide, voteOf } from './votes.ts'

/** What is known of the run that ended. */
export interface EndedRun {
  run: Pick<RunRecord, 'id' | 'state' | 'stop'>
  blueprints: readonly DagPlan[]
  /** In order of start. */
  dags: readonly DagRecord[]
  /** In order of definition. */
  tasks: readonly EndedTask[]
  edges: readonly EdgeRecord[]
}

export interface EndedTask extends TaskRecord {
  /** For `stopped`, where its successors may not have been told yet. */
  skipSuccessors?: boolean
}

export interface RetryStart {
  /** Id of the new run. */
  run: string
  priority: number
  /** The same DAGs, perhaps with corrected code behind them. */
  blueprints: readonly DagPlan[]
  now: number
}

/** A copy of a DAG in the new run. */
export interface RetriedDag {
  dag: DagRecord
  copy: number
  plan: DagPlan
  /** In order of definition. */
  tasks: TaskRecord[]
  edges: EdgeRecord[]
}

/** Throws `LF_RUN_NOT_ENDED`, `LF_RUN_SUCCEEDED`, `LF_RETRY_CHANGED`. */
export function retryRun(ended: EndedRun, start: RetryStart): RetriedDag[] {
  checkState(ended.run)
  checkSameDags(ended, start.blueprints)
  const plans = new Map(start.blueprints.map(plan => [plan.name, plan]))
  const tasks = Map.groupBy(ended.tasks, ({ dag }) => dag)
  const edges = Map.groupBy(ended.edges, ({ dag }) => dag)
  const kept = keptOf(ended)
  return ended.dags.map(dag => {
    const plan = plans.get(dag.blueprint) as DagPlan
    const before = { dag, tasks: tasks.get(dag.name) ?? [], edges: edges.get(dag.name) ?? [] }
    return retryDag(before, kept.get(dag.name) as KeptInDag, plan, start)
  })
}

interface OldDag {
  dag: DagRecord
  tasks: readonly EndedTask[]
  edges: readonly EdgeRecord[]
}

function retryDag(
  old: OldDag,
  { tasks: kept, staysAsItEnded }: KeptInDag,
  plan: DagPlan,
  start: RetryStart,
): RetriedDag {
  const { run, now, priority } = start
  const { dag } = old
  const fresh = startDag(plan, { run, dag: dag.name, priority, now })
  const known = new Map(old.tasks.map(task => [task.name, task]))
  const votes = new Map(old.edges.map(({ from, to, vote }) => [`${from}/${to}`, vote]))
  const edges = fresh.edges.map(edge => {
    if (!kept.has(edge.from)) return edge
    return { ...edge, vote: votes.get(`${edge.from}/${edge.to}`) ?? lateVote(known.get(edge.from), edge.to) }
  })
  const tasks = fresh.tasks.map(task => {
    const before = known.get(task.name)
    return before !== undefined && kept.has(task.name) ? takeOver(before, task.id, run) : task
  })
  const advanced = staysAsItEnded ? { tasks, edges } : advance(tasks, edges, now)
  const isOpen = advanced.tasks.some(({ state }) => OPEN_TASK_STATES.includes(state))
  const ends = staysAsItEnded
    ? { state: dag.state, endedAt: dag.endedAt, stop: dag.stop }
    : { state: isOpen ? ('running' as const) : ('succeeded' as const), endedAt: isOpen ? null : now, stop: null }
  const starter = dag.starter === null ? null : inRun(dag.starter, run)
  return { dag: { ...dag, ...ends, run, starter }, copy: copyOf(dag.name), plan, ...advanced }
}

/** Its successors were not told any more when the run ended. */
function lateVote(task: EndedTask | undefined, successor: string): Vote | null {
  const ending = task === undefined ? undefined : endingOf(task)
  return ending === undefined ? null : voteOf(ending, successor)
}

/** It counts as whole from now on. */
function takeOver(task: EndedTask, id: string, run: string): TaskRecord {
  const taken: EndedTask = { ...task, id, run, owner: null, reused: true }
  delete taken.afterStop
  delete taken.skipSuccessors
  // How often it may run again for what it left is counted anew.
  delete taken.remade
  return taken
}

/** Tasks all of whose predecessors are taken over become ready, or are skipped, and theirs. */
function advance(
  tasks: readonly TaskRecord[],
  edges: readonly EdgeRecord[],
  now: number,
): { tasks: TaskRecord[]; edges: EdgeRecord[] } {
  const byName = new Map(tasks.map(task => [task.name, task]))
  const current = edges.map(edge => ({ ...edge }))
  const into = Map.groupBy(current, ({ to }) => to)
  const outOf = Map.groupBy(current, ({ from }) => from)
  const open = tasks.filter(({ state }) => state === 'blocked').map(({ name }) => name)
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const task = byName.get(name)
    if (task?.state !== 'blocked') continue
    const verdict = decide(
      task.forceRun,
      (into.get(name) ?? []).map(({ vote }) => vote),
    )
    if (verdict === 'wait') continue
    byName.set(name, verdict === 'run' ? readyTask(task, now) : skipTask(task, now))
    if (verdict === 'run') continue
    for (const edge of outOf.get(name) ?? []) {
      edge.vote ??= voteOf({ state: 'skipped', propagateSkip: task.propagateSkip }, edge.to)
      open.push(edge.to)
    }
  }
  return { tasks: tasks.map(({ name }) => byName.get(name) as TaskRecord), edges: current }
}

function inRun(id: string, run: string): string {
  const { dag = '', task = '' } = parseTaskId(id) ?? {}
  return taskId(run, dag, task)
}

function copyOf(name: string): number {
  return Number(name.slice(name.lastIndexOf(':') + 1))
}

function checkState({ id, state }: EndedRun['run']): void {
  if (state === 'running') {
    throw new LightflowError('LF_RUN_NOT_ENDED', `The run ${id} has not ended: there is nothing to retry yet.`, {
      hint: `Wait for its end, or stop it first: lf workflow stop ${id}`,
      facts: { run: id },
    })
  }
  if (state === 'succeeded') {
    throw new LightflowError('LF_RUN_SUCCEEDED', `The run ${id} has succeeded: there is nothing to retry.`, {
      hint: 'To compute all of it again, start the workflow anew: lf workflow start',
      facts: { run: id },
    })
  }
}

/** What was done fits only into DAGs of the same shape. */
function checkSameDags({ run, blueprints }: EndedRun, given: readonly DagPlan[]): void {
  const shapes = new Map(given.map(plan => [plan.name, shapeOf(plan)]))
  const changed =
    blueprints.find(plan => shapes.get(plan.name) !== shapeOf(plan)) ??
    given.find(({ name }) => !blueprints.some(plan => plan.name === name))
  if (changed === undefined) return
  throw new LightflowError('LF_RETRY_CHANGED', `The DAG "${changed.name}" is not what it was in the run ${run.id}.`, {
    hint: 'Corrected code can be retried with when the DAGs have the same tasks and edges. Otherwise start the workflow anew.',
    facts: { run: run.id, dag: changed.name },
  })
}

function shapeOf({ autostart, tasks, edges }: DagPlan): string {
  return JSON.stringify([autostart, tasks.map(({ name }) => name), edges.map(({ from, to, slot }) => [from, to, slot])])
}
