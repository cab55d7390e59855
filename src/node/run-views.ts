/** Records of the ledger as people see them: runs, DAGs, tasks. Pure. */
import {
  TERMINAL_TASK_STATES,
  type DagRecord,
  type RunRecord,
  type TaskRecord,
  type TaskState,
} from '../lease/records.ts'
import type { RunHead } from '../ledger/ledger.ts'
import type { DagPlan } from '../workflow/plan.ts'
import type { AttemptView, DagView, RunDetailsView, RunView, TaskView } from './views.ts'

export function runView(run: RunHead, counts: Partial<Record<TaskState, number>>, nowMs: number): RunView {
  return {
    run: run.id,
    workflow: run.workflow,
    state: run.state,
    tasks: counts,
    submittedBy: run.submittedBy,
    createdAt: iso(run.createdAt),
    startedAt: isoOrNull(run.startedAt),
    endedAt: isoOrNull(run.endedAt),
    durationMs: run.startedAt === null ? null : Math.max(0, (run.endedAt ?? nowMs) - run.startedAt),
    args: run.args,
    ...(run.stop?.error ? { error: run.stop.error } : {}),
    ...(run.stop === null ? {} : { stoppedBy: run.stop.by }),
    ...(run.retryOf === undefined ? {} : { retryOf: run.retryOf }),
  }
}

export function runDetailsView(
  run: RunRecord,
  dags: readonly DagRecord[],
  tasks: readonly TaskRecord[],
  nowMs: number,
  unwell: ReadonlyMap<string, 'silent' | 'dead'> = new Map(),
): RunDetailsView {
  const byDag = Map.groupBy(tasks, ({ dag }) => dag)
  const plans = new Map(run.plan.dags.map(plan => [plan.name, plan]))
  return {
    ...runView(run, countStates(tasks), nowMs),
    dags: dags.map(dag => dagView(dag, byDag.get(dag.name) ?? [], plans.get(dag.blueprint), { nowMs, unwell })),
  }
}

function countStates(tasks: readonly TaskRecord[]): Partial<Record<TaskState, number>> {
  const counts: Partial<Record<TaskState, number>> = {}
  for (const { state } of tasks) counts[state] = (counts[state] ?? 0) + 1
  return counts
}

/** Names of the tasks without successors, in order of definition. */
export function lastTasks({ tasks, edges }: DagPlan): string[] {
  const inner = new Set(edges.map(({ from }) => from))
  return tasks.map(({ name }) => name).filter(name => !inner.has(name))
}

/** A task by `task`, `dag/task` or `dag:n/task`. */
export function isNamed({ dag, name }: Pick<TaskRecord, 'dag' | 'name'>, wanted: string): boolean {
  return [name, `${dag}/${name}`, `${dag.replace(/:\d+$/, '')}/${name}`].includes(wanted)
}

export function iso(wallMs: number): string {
  return new Date(wallMs).toISOString()
}

function isoOrNull(wallMs: number | null): string | null {
  return wallMs === null ? null : iso(wallMs)
}

interface Seen {
  nowMs: number
  /** By session. */
  unwell: ReadonlyMap<string, 'silent' | 'dead'>
}

function dagView(dag: DagRecord, tasks: readonly TaskRecord[], plan: DagPlan | undefined, seen: Seen): DagView {
  const after = Map.groupBy(plan?.edges ?? [], ({ to }) => to)
  return {
    dag: dag.name,
    blueprint: dag.blueprint,
    state: dag.state,
    startedBy: dag.starter,
    tasks: tasks.map(task =>
      taskView(
        task,
        (after.get(task.name) ?? []).map(({ from }) => from),
        seen,
      ),
    ),
  }
}

function taskView(task: TaskRecord, after: string[], { nowMs, unwell }: Seen): TaskView {
  const peerState = task.state === 'claimed' ? unwell.get(task.owner ?? '') : undefined
  const ended = TERMINAL_TASK_STATES.has(task.state)
  const last = task.history.at(-1)
  const startedAt = last?.claimedAt ?? null
  const endedAt = ended ? task.endedAt : null
  return {
    task: task.name,
    state: task.state,
    queue: task.queue,
    peer: last?.peer ?? null,
    attempts: task.attempts,
    epoch: task.epoch,
    startedAt: isoOrNull(startedAt),
    endedAt: isoOrNull(endedAt),
    durationMs: startedAt === null ? null : Math.max(0, (endedAt ?? last?.endedAt ?? nowMs) - startedAt),
    after,
    history: task.history.map(attempt => attemptView(attempt)),
    ...(task.error === null ? {} : { error: task.error }),
    ...(peerState === undefined ? {} : { peerState }),
    ...(task.reused === undefined ? {} : { reused: task.reused }),
    ...(task.awaits === undefined || ended ? {} : { awaits: task.awaits.map(input => input.task) }),
    ...(task.remade === undefined ? {} : { remade: task.remade.times }),
    ...copiesOf(task),
  }
}

/** What travels in the ledger needs no copies. */
function copiesOf({ replicas = 1, out }: TaskRecord): Pick<TaskView, 'copies'> {
  if (replicas <= 1 || out === null || out.inline !== null) return {}
  return { copies: { wanted: replicas, held: out.holders.length } }
}

function attemptView({ epoch, peer, claimedAt, endedAt, end, error }: TaskRecord['history'][number]): AttemptView {
  return {
    epoch,
    peer,
    claimedAt: iso(claimedAt),
    endedAt: isoOrNull(endedAt),
    end,
    ...(error === null ? {} : { error }),
  }
}
