/**
 * A workflow as plain data: what the ledger keeps of it and what every peer can read without running user code.
 * Made from a loaded workflow by `make-plan.ts`, at submission, after all checks.
 */

/** What may happen to a task whose peer died: see the design's effect classes. */
export type Effect = 'pure' | 'idempotent' | 'exclusive'

/** A task that was held by this many sessions when they died is suspected to be what killed them: it is not tried again. */
export const DEFAULT_MAX_DEATHS = 3

export interface TaskPlan {
  name: string
  /** Kind of task, for display: `function`, `bash`, … */
  kind: string
  /** With what it needs, as `task:gpu=1`: see `needs.ts`. */
  queue: string
  /** The task or its DAG names the default queue: the queue of a submission does not replace it. Absent for others. */
  namesQueue?: true
  effect: Effect
  /** Higher goes first; 0 by default. */
  priority: number
  /** How often a failed attempt is repeated; 0 = never. */
  retries: number
  /** Wait before the first repetition; doubles each time. */
  backoffMs: number
  /** Longest time that one attempt may take; null = no limit. */
  timeoutMs: number | null
  /** After how many deaths of peers that ran it the task is given up; null = never, absent = `DEFAULT_MAX_DEATHS`. */
  maxDeaths?: number | null
  /** How many peers hold its output before it is done; absent = 1. */
  replicas?: number
  /** Runs even when every predecessor was skipped or left it out. */
  forceRun: boolean
  /** When skipped: pass the skip on to the successors (true), or let them run (false). */
  propagateSkip: boolean
}

export interface EdgePlan {
  from: string
  to: string
  /** Label of the data that arrives over this edge. */
  slot: string | null
}

export interface DagPlan {
  name: string
  /** Starts with the workflow; otherwise only through `signal.startDag`. */
  autostart: boolean
  /** In order of definition. */
  tasks: TaskPlan[]
  /** In order of definition: this is the order of a task's input datasets. */
  edges: EdgePlan[]
}

export interface OptionPlan {
  name: string
  type: 'str' | 'int' | 'float' | 'bool' | 'path'
  help: string
  required: boolean
  default: string | number | boolean | null
}

export interface WorkflowPlan {
  name: string
  description: string
  dags: DagPlan[]
  options: OptionPlan[]
}
