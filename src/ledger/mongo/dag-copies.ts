/** The documents of one copy of a DAG. They follow from run, name and blueprint, so whoever prepares the copy makes the same ones. */
import type { DagPlan } from '../../workflow/plan.ts'
import { taskId } from '../../../protocols/ids.ts'
import type { EdgeRecord } from '../../lease/records.ts'
import { startDag as rowsOf } from '../../lease/start-dag.ts'
import type { MongoContext } from './context.ts'
import { dagId, taskDoc, type DagDoc, type EdgeDoc, type RunDoc, type TaskDoc } from './documents.ts'
import { MAX_CHAIN_FORESEEN, MAX_NEIGHBOURS_NAMED } from './mongo-limits.ts'

export type NewCopy = Pick<
  DagDoc,
  'name' | 'copy' | 'seq' | 'origin' | 'starter' | 'starterKey' | 'data' | 'by' | 'createdAt'
>

export function newDagDoc(run: RunDoc, plan: DagPlan, copy: NewCopy): DagDoc {
  return {
    _id: dagId(run._id, copy.name),
    run: run._id,
    blueprint: plan.name,
    state: 'preparing',
    endedAt: null,
    stop: null,
    size: plan.tasks.length,
    rev: 0,
    ...copy,
  }
}

/** Tasks and edges. Nothing is ready yet: tasks without predecessors are blocked until the copy is launched. */
export async function insertCopy(context: MongoContext, dag: DagDoc, plan: DagPlan, run: RunDoc): Promise<void> {
  const { tasks, edges } = rowsOf(plan, { run: dag.run, dag: dag.name, priority: run.priority, now: dag.createdAt })
  const neighboursOf = neighbours(
    tasks.map(({ name }) => name),
    edges,
  )
  const docs = tasks.map((task, index) => {
    const place = { source: task.state === 'ready', dagSeq: dag.seq, index, ...neighboursOf(task.name) }
    return taskDoc({ ...task, state: 'blocked', readyAt: null }, place, { rev: 0, token: null })
  })
  const edgeDocs = edges.map(({ from, to, slot, order, vote }): EdgeDoc => {
    const ids = { from: taskId(dag.run, dag.name, from), to: taskId(dag.run, dag.name, to) }
    return { _id: `${ids.from}>${to}`, run: dag.run, dag: dag.name, ...ids, slot, order, vote }
  })
  await context.insertMissing(context.collections.edges, edgeDocs)
  await context.insertMissing(context.collections.tasks, docs)
}

/** Whom each task of a DAG has before and after it: noted in its document, so that nobody need read edges. */
export function neighbours(
  tasks: readonly string[],
  edges: readonly Pick<EdgeRecord, 'from' | 'to' | 'slot' | 'order'>[],
): (task: string) => Pick<TaskDoc, 'next' | 'feeds' | 'chain'> {
  const into = Map.groupBy(edges, ({ to }) => to)
  const outOf = Map.groupBy(edges, ({ from }) => from)
  const chains = new Map<string, number>()
  for (let index = tasks.length - 2; index >= 0; index--) {
    const [task = '', follower = ''] = tasks.slice(index, index + 2)
    const isFollowed = outOf.get(task)?.length === 1 && into.get(follower)?.length === 1
    if (!isFollowed || into.get(follower)?.[0]?.from !== task) continue
    chains.set(task, Math.min(1 + (chains.get(follower) ?? 0), MAX_CHAIN_FORESEEN))
  }
  return task => {
    const before = (into.get(task) ?? []).toSorted((one, other) => one.order - other.order)
    const after = outOf.get(task) ?? []
    const next = after.map(({ to }) => ({ name: to, sole: into.get(to)?.length === 1 }))
    const feeds = before.map(({ from, slot }) => ({ name: from, slot }))
    return {
      ...(next.length <= MAX_NEIGHBOURS_NAMED ? { next } : {}),
      ...(feeds.length <= MAX_NEIGHBOURS_NAMED ? { feeds } : {}),
      ...(chains.has(task) ? { chain: chains.get(task) } : {}),
    }
  }
}
