/** A DAG's blueprint becomes rows: its tasks, its edges, and which of the tasks may run at once. */
import { taskId } from '../../protocols/ids.ts'
import type { DagPlan, TaskPlan } from '../workflow/plan.ts'
import type { EdgeRecord, TaskRecord } from './records.ts'

export interface DagStart {
  run: string
  /** Copy name. */
  dag: string
  /** Added to the priority of every task. */
  priority: number
  now: number
}

/** Of a whole DAG, or of a part of it that has all edges into its tasks. */
export type DagRows = Pick<DagPlan, 'tasks' | 'edges'>

export function startDag(plan: DagRows, start: DagStart): { tasks: TaskRecord[]; edges: EdgeRecord[] } {
  const edges = edgesOf(plan, start)
  const withPredecessors = new Set(edges.map(({ to }) => to))
  const tasks = plan.tasks.map(task => newTask(task, start, withPredecessors.has(task.name)))
  return { tasks, edges }
}

/** One edge per pair of tasks: a second one only changes the slot. */
function edgesOf({ edges }: DagRows, { run, dag }: DagStart): EdgeRecord[] {
  const byPair = new Map<string, EdgeRecord>()
  for (const { from, to, slot } of edges) {
    const pair = `${from}/${to}`
    const order = byPair.get(pair)?.order ?? byPair.size
    byPair.set(pair, { run, dag, from, to, slot, order, vote: null })
  }
  return [...byPair.values()]
}

function newTask(plan: TaskPlan, { run, dag, priority, now }: DagStart, isBlocked: boolean): TaskRecord {
  return {
    id: taskId(run, dag, plan.name),
    run,
    dag,
    name: plan.name,
    kind: plan.kind,
    state: isBlocked ? 'blocked' : 'ready',
    queue: plan.queue,
    effect: plan.effect,
    priority: plan.priority + priority,
    retries: plan.retries,
    backoffMs: plan.backoffMs,
    timeoutMs: plan.timeoutMs,
    ...(plan.maxDeaths === undefined ? {} : { maxDeaths: plan.maxDeaths }),
    ...(plan.replicas === undefined ? {} : { replicas: plan.replicas }),
    forceRun: plan.forceRun,
    propagateSkip: plan.propagateSkip,
    epoch: 0,
    claimId: null,
    owner: null,
    attempts: 0,
    failures: 0,
    deaths: 0,
    notBefore: null,
    createdAt: now,
    readyAt: isBlocked ? null : now,
    claimedAt: null,
    endedAt: null,
    out: null,
    limit: null,
    error: null,
    history: [],
  }
}
