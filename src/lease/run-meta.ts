/** A run's records as its tasks may read them. Pure. */
import type { DagMeta, RunMeta, TaskMeta } from '../workflow/run-meta.ts'
import { TERMINAL_TASK_STATES, type DagRecord, type RunRecord, type TaskRecord } from './records.ts'

export type MetaRun = Pick<RunRecord, 'id' | 'workflow' | 'submittedBy' | 'startedAt'>

export function describeRun(run: MetaRun, log: Readonly<Record<string, DagMeta>>): RunMeta {
  const { id, workflow, submittedBy, startedAt } = run
  return { run: id, workflow, submittedBy, startedAt: dateOf(startedAt), log }
}

export function describeDag({ state, createdAt, endedAt }: DagRecord, tasks: readonly TaskRecord[]): DagMeta {
  return {
    state,
    startedAt: new Date(createdAt),
    endedAt: dateOf(endedAt),
    durationMs: durationOf(createdAt, endedAt),
    tasks: Object.fromEntries(tasks.map(task => [task.name, describeTask(task)])),
  }
}

function describeTask({ state, queue, attempts, history, endedAt }: TaskRecord): TaskMeta {
  const last = history.at(-1)
  const startedAt = last?.claimedAt ?? null
  const ended = TERMINAL_TASK_STATES.has(state) ? endedAt : null
  return {
    state,
    queue,
    peer: last?.peer ?? null,
    attempts,
    startedAt: dateOf(startedAt),
    endedAt: dateOf(ended),
    durationMs: durationOf(startedAt, ended),
  }
}

/** The copies of DAGs that a path leads to: all, or the one that it names. */
export function dagsOnPath(dags: readonly DagRecord[], path: string): DagRecord[] {
  const [head, ...rest] = path.split('.')
  if (head !== 'log') return []
  if (rest.length === 0) return [...dags]
  const name = keyOnPath(
    dags.map(dag => dag.name),
    rest.join('.'),
  )
  return dags.filter(dag => dag.name === name)
}

/** What is found there, or undefined. Names may contain dots themselves: the longest one that fits is meant. */
export function findOnPath(value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  const key = keyOnPath(Object.keys(value), path)
  if (key === undefined) return undefined
  const found = (value as Record<string, unknown>)[key]
  return key === path ? found : findOnPath(found, path.slice(key.length + 1))
}

function keyOnPath(keys: readonly string[], path: string): string | undefined {
  const fitting = keys.filter(key => path === key || path.startsWith(`${key}.`))
  return fitting.sort((a, b) => b.length - a.length)[0]
}

function dateOf(wallMs: number | null): Date | null {
  return wallMs === null ? null : new Date(wallMs)
}

function durationOf(fromMs: number | null, toMs: number | null): number | null {
  return fromMs === null || toMs === null ? null : Math.max(0, toMs - fromMs)
}
