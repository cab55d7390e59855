/** Tasks and edges in memory: the nodes that the tables are made of, and what is looked up on them. */
import type { DagRecord, EdgeRecord, TaskRecord, Vote } from '../../lease/records.ts'
import type { MemoryLeaves } from './memory-leaves.ts'
import type { DagPlan } from '../../workflow/plan.ts'
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
  readonly open: Set<TaskNode>
}

export interface RunNode {
  head: RunHead
  readonly blueprints: Map<string, DagPlan>
  readonly dags: Map<string, DagNode>
  readonly openDags: Map<string, DagNode>
  readonly lastCopies: Map<string, number>
  readonly leaves: { data: MemoryLeaves; meta: MemoryLeaves }
}

/** Joins the tasks of one DAG by its edges. */
export function connect(dag: DagNode, edges: readonly EdgeRecord[]): void {
  for (const { from: fromName, to: toName, slot, vote } of edges) {
    const from = dag.tasks.get(fromName)
    const to = dag.tasks.get(toName)
    if (from === undefined || to === undefined) throw new Error(`an edge of ${dag.dag.name} has no task at its end`)
    const edge = { from, to, slot, vote }
    to.into.push(edge)
    from.outOf.set(to.task.id, edge)
    to.votes[vote ?? 'none'] += 1
  }
}
