/**
 * What a new run takes over of the one that it tries again. Pure.
 *
 * Taken over is every task that ended in order (done, skipped, stopped by itself) behind predecessors that are taken over, but not one that
 * ended when its run was being stopped already: it may have been told so, and what it returned may be a part, or speak of copies that failed.
 * Such a task runs again unless it is exclusive (its effect has happened) or asked for the stop itself (it knew what it returned).
 *
 * A DAG that one of the tasks stopped was meant to end there: what was cancelled in it stays cancelled, and only what failed runs again.
 */
import type { DagRecord, EdgeRecord, RunRecord, StopRecord, TaskRecord } from './records.ts'

/** What is known of the run that ended. */
export interface EndedTasks {
  run: Pick<RunRecord, 'stop'>
  dags: readonly DagRecord[]
  tasks: readonly TaskRecord[]
  edges: readonly Pick<EdgeRecord, 'dag' | 'from' | 'to'>[]
}

export interface KeptInDag {
  /** Names. */
  tasks: ReadonlySet<string>
  /** One of the tasks had stopped it, and nothing in it runs again. */
  staysAsItEnded: boolean
}

/** By name of the DAG's copy. */
export function keptOf({ run, dags, tasks, edges }: EndedTasks): Map<string, KeptInDag> {
  const tasksOf = Map.groupBy(tasks, ({ dag }) => dag)
  const edgesOf = Map.groupBy(edges, ({ dag }) => dag)
  return new Map(
    dags.map(dag => {
      const own = tasksOf.get(dag.name) ?? []
      return [dag.name, keptInDag(dag, own, edgesOf.get(dag.name) ?? [], run.stop)]
    }),
  )
}

function keptInDag(
  dag: DagRecord,
  tasks: readonly TaskRecord[],
  edges: readonly Pick<EdgeRecord, 'from' | 'to'>[],
  stop: StopRecord | null,
): KeptInDag {
  if (!wasStoppedByItself(dag, stop)) {
    const ended = tasks.filter(task => isKept(task, stop)).map(({ name }) => name)
    const cancelled = tasks.filter(staysCancelled).map(({ name }) => name)
    return { tasks: new Set([...withKeptPredecessors(ended, edges), ...cancelled]), staysAsItEnded: false }
  }
  const inOrder = tasks.filter(({ state }) => state !== 'failed' && state !== 'aborted')
  return { tasks: new Set(inOrder.map(({ name }) => name)), staysAsItEnded: inOrder.length === tasks.length }
}

/** By one of its run's tasks, before and not because the run ended: that was a result, not an accident. */
function wasStoppedByItself(dag: DagRecord, stop: StopRecord | null): boolean {
  return dag.stop !== null && !(stop !== null && dag.stop.at === stop.at && dag.stop.by === stop.by)
}

function isKept({ id, state, effect, afterStop }: TaskRecord, stop: StopRecord | null): boolean {
  if (state === 'skipped') return true
  if (state !== 'done' && state !== 'stopped') return false
  return afterStop !== true || stop?.by === id || (state === 'done' && effect === 'exclusive')
}

/** In a DAG that a task of an earlier try had stopped. */
function staysCancelled({ state, reused }: TaskRecord): boolean {
  return state === 'cancelled' && reused === true
}

function withKeptPredecessors(
  names: readonly string[],
  edges: readonly Pick<EdgeRecord, 'from' | 'to'>[],
): Set<string> {
  const into = Map.groupBy(edges, ({ to }) => to)
  const outOf = Map.groupBy(edges, ({ from }) => from)
  const kept = new Set(names)
  const dropped = names.filter(name => (into.get(name) ?? []).some(({ from }) => !kept.has(from)))
  for (let name = dropped.pop(); name !== undefined; name = dropped.pop()) {
    if (kept.delete(name)) dropped.push(...(outOf.get(name) ?? []).map(({ to }) => to))
  }
  return kept
}
