/** Tasks and edges in memory: the nodes that the tables are made of, and what is looked up on them. */
import { taskId } from '../../../protocols/ids.ts'
import type { DagRecord, EdgeRecord, TaskRecord, Vote } from '../../lease/records.ts'
import type { MemoryLeaves } from './memory-leaves.ts'
import type { DagPlan } from '../../workflow/plan.ts'
import { unpackDag, type PackedDag } from '../plan-parts.ts'
import type { UndoLog } from './undo-log.ts'
import type { RunHead } from '../tables.ts'

export interface EdgeNode {
  readonly from: TaskNode
  readonly to: TaskNode
  readonly slot: string | null
  vote: Vote | null
}

export interface TaskNode {
  task: TaskRecord
  readonly dag: DagNode
  /** In order of definition. */
  readonly into: EdgeNode[]
  readonly outOf: Map<string, EdgeNode>
  /** How often each vote occurs on the edges into this task: follows from these, kept so that a wide join need not count. */
  readonly votes: { none: number; run: number; skip: number }
}

export interface DagNode {
  dag: DagRecord
  readonly copy: number
  readonly tasks: Map<string, TaskNode>
  /** Predecessors of tasks that are there, which are still to be written. */
  readonly coming: Map<string, TaskNode>
  readonly open: Set<TaskNode>
}

export interface RunNode {
  head: RunHead
  readonly blueprints: Map<string, Blueprint>
  readonly dags: Map<string, DagNode>
  readonly openDags: Map<string, DagNode>
  readonly lastCopies: Map<string, number>
  readonly leaves: { data: MemoryLeaves; meta: MemoryLeaves }
}

export class Blueprint {
  readonly packed: PackedDag
  #plan: DagPlan | undefined

  constructor(packed: PackedDag) {
    this.packed = packed
  }

  get plan(): DagPlan {
    return (this.#plan ??= unpackDag(this.packed))
  }
}

/** The node of a task that is written now; others may lead from it already. */
export function placeNode(dag: DagNode, task: TaskRecord, undo: UndoLog): TaskNode {
  const known = dag.coming.get(task.name)
  const node = known ?? newNode(dag, task)
  if (known !== undefined) {
    const before = known.task
    known.task = task
    undo.note(() => {
      known.task = before
      known.into.length = 0
      Object.assign(known.votes, NO_VOTES)
    })
    undo.delete(dag.coming, task.name)
  }
  undo.set(dag.tasks, task.name, node)
  return node
}

const NO_VOTES = { none: 0, run: 0, skip: 0 }

function newNode(dag: DagNode, task: TaskRecord): TaskNode {
  return { task, dag, into: [], outOf: new Map(), votes: { ...NO_VOTES } }
}

/** Joins tasks of one DAG by the edges into them. */
export function connect(dag: DagNode, edges: readonly EdgeRecord[], undo: UndoLog): void {
  for (const { from: fromName, to: toName, slot, vote } of edges) {
    const to = dag.tasks.get(toName)
    if (to === undefined) throw new Error(`an edge of ${dag.dag.name} has no task at its end`)
    const from = dag.tasks.get(fromName) ?? comingNode(dag, fromName, to.task, undo)
    const edge = { from, to, slot, vote }
    to.into.push(edge)
    undo.set(from.outOf, to.task.id, edge)
    to.votes[vote ?? 'none'] += 1
  }
}

/** Stands in for a task until that is written: it has not ended and has left nothing. */
function comingNode(dag: DagNode, name: string, like: TaskRecord, undo: UndoLog): TaskNode {
  const known = dag.coming.get(name)
  if (known !== undefined) return known
  const { run, dag: copy } = like
  const node = newNode(dag, { ...like, id: taskId(run, copy, name), name, state: 'blocked', out: null })
  undo.set(dag.coming, name, node)
  return node
}
