/**
 * What a transaction sees of an adapter: rows to get and put, and the few questions that need an index. Everything is synchronous and
 * belongs to the one transaction under way; when that throws, the adapter undoes all of it. The rules are in `transactions/`, never here.
 */
import type { DagRecord, EdgeRecord, PayloadRef, SessionRecord, TaskRecord, TaskState, Vote } from '../lease/records.ts'
import type { Ending } from '../lease/votes.ts'
import type { DagPlan } from '../workflow/plan.ts'
import type { StoreSection } from '../lease/store-write.ts'
import type { DagPart, PackedDag } from './plan-parts.ts'
import type { DagProgress, RunFilter, RunHead, TaskStanding } from './ledger.ts'

export type { RunHead }

/** What a predecessor left; it may be about to leave something new. */
export interface InputRow {
  task: string
  slot: string | null
  payload: PayloadRef
  /** Of the predecessor. */
  epoch: number
  state: TaskState
}

/** Values of one section of a run's store, encoded, by path. */
export interface LeafTable {
  leaf(path: string): Uint8Array | undefined
  /** Leaves whose path starts with `path` and a dot, in order of path. */
  leavesBelow(path: string): [path: string, value: Uint8Array][]
  putLeaf(path: string, value: Uint8Array): void
  deleteLeaf(path: string): void
  deleteLeavesBelow(path: string): void
  deleteAll(): void
}

/** One whole section of a run's store. */
export interface SectionTable extends LeafTable {
  /** In no order. */
  all(): [path: string, value: Uint8Array][]
}

/** Whether a run is among those that a filter, but for its states, leaves. */
export function isWanted({ workflow, unstopped = false }: Pick<RunFilter, 'workflow' | 'unstopped'>) {
  return (run: RunHead): boolean => {
    return (workflow === undefined || run.workflow === workflow) && !(unstopped && run.stop !== null)
  }
}

export interface BlueprintPart {
  part: DagPart
  parts: number
  tasks: number
}

/** A task that has ended, with what it says to its successors and to which of some it has not said it yet. */
export interface EndedTask {
  id: string
  ending: Ending
  untold: string[]
}

export interface Tables {
  session(id: string): SessionRecord | undefined
  putSession(session: SessionRecord): void
  /** Not dead. */
  openSessions(): SessionRecord[]
  openSessionsOfPeer(peer: string): SessionRecord[]
  sessionsDeadAfter(wallMs: number): SessionRecord[]
  deleteSessionsDeadBefore(wallMs: number): void

  run(id: string): RunHead | undefined
  insertRun(run: RunHead, blueprints: readonly PackedDag[]): void
  putRun(run: RunHead): void
  /** Newest first. */
  runs(filter: RunFilter): RunHead[]
  blueprint(run: string, name: string): DagPlan | undefined
  /** One part of it, with the number of its parts and of all its tasks. Throws, as the others do, when what is there cannot be read. */
  blueprintPart(run: string, name: string, part: number): BlueprintPart | undefined
  /** In order of definition. */
  blueprints(run: string): DagPlan[]
  blueprintNames(run: string): string[]

  dag(run: string, name: string): DagRecord | undefined
  /** `size`: how many tasks it will have. */
  insertDag(dag: DagRecord, copy: number, size: number): void
  putDag(dag: DagRecord): void
  /** In order of start. */
  dags(run: string): DagRecord[]
  openDags(run: string): DagRecord[]
  /** Those of which tasks are still to be written, the first that were started first, but stopped ones last; of one run, or of all. */
  unwrittenDags(limit: number, run?: string): DagRecord[]
  hasOpenDag(run: string): boolean
  dagCount(run: string): number
  /** Number of the newest copy; 0 when there is none. */
  lastCopy(run: string, blueprint: string): number
  dagByStarter(starter: string, starterKey: string): DagRecord | undefined
  dagsByStarter(starter: string): DagRecord[]

  task(id: string): TaskRecord | undefined
  /**
   * Tasks of one DAG, in order of definition, and the edges into them, from predecessors that may not be there yet. `place`: of a task, or of
   * such a predecessor, among all of the DAG.
   */
  insertTasks(tasks: readonly TaskRecord[], edges: readonly EdgeRecord[], place: (name: string) => number): void
  putTask(task: TaskRecord): void
  /** In order of definition. */
  tasks(run: string, dag?: string): TaskRecord[]
  taskCounts(run: string): Partial<Record<TaskState, number>>
  /** In no order. */
  dagProgress(run: string): DagProgress[]
  taskStates(run: string, dag: string): TaskStanding[]
  /** In order of definition. */
  tasksIn(run: string, states: readonly TaskState[], limit: number): TaskRecord[]
  hasOpenTask(run: string, dag: string): boolean
  /** Everything that waits in this DAG becomes `cancelled`. */
  cancelWaiting(run: string, dag: string, wallMs: number): void
  /** Ready tasks of one queue that are due, highest priority first, then the longest ready. */
  readyTasks(queue: string, wallMs: number, limit: number): TaskRecord[]
  /** Highest priority among the due tasks of one queue. */
  bestReadyPriority(queue: string, wallMs: number): number | undefined
  /** Earliest `notBefore` after `wallMs` among the ready tasks of one queue. */
  nextDueAt(queue: string, wallMs: number): number | undefined
  backlog(): Record<string, number>
  claimedBy(session: string): TaskRecord[]
  /** Claimed tasks whose session is dead or not known. */
  orphans(limit: number): TaskRecord[]

  /** Of one DAG copy, in no order. */
  edges(run: string, dag: string): EdgeRecord[]
  /** Ids of the direct successors that this task has not told anything yet. */
  untoldSuccessors(task: string): string[]
  /** Of the direct predecessors of these tasks, those that have ended and have not told all of them. */
  endedBefore(tasks: readonly string[]): EndedTask[]
  /** Direct successors that are blocked. */
  blockedSuccessors(task: string): TaskRecord[]
  /** Sets the vote of an edge that has none. */
  castVote(from: string, to: string, vote: Vote): void
  /** Which votes occur on the edges into this task, each once. */
  votesInto(task: string): (Vote | null)[]
  /** In order of definition: all, or the first ones. */
  inputs(task: string, limit?: number): InputRow[]

  leaves(run: string, section: StoreSection): SectionTable

  putBundle(hash: string, bytes: Uint8Array): void
  bundle(hash: string): Uint8Array | undefined
}
