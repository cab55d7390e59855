/** What a run in one process is started with, and what it leaves to be looked at. */
import type { ErrorRecord } from '../core/errors.ts'
import type { DagState, RunState, TaskState } from '../lease/records.ts'
import type { Dag } from '../workflow/dag.ts'
import type { Parameters } from '../workflow/parameters.ts'
import type { TaskStore } from '../workflow/store.ts'

/** One DAG, several (with their Parameters), or what a workflow file exports: `import * as workflow from './scan.ts'`. */
export type LocalWorkflow = Dag | readonly (Dag | Parameters)[] | Readonly<Record<string, unknown>>

export interface LocalOptions {
  /** Name of the workflow, as tasks see it. Default `local`. */
  name?: string
  /** Tasks at once. Default 8. */
  capacity?: number
  /** Stops the run; what runs may finish. */
  signal?: AbortSignal
}

export interface LocalTask {
  /** Copy of its DAG, `name:n`. */
  readonly dag: string
  readonly task: string
  readonly state: TaskState
  readonly attempts: number
  /** Why it failed, was stopped or aborted. */
  readonly error?: ErrorRecord
  /** What its successors received; empty when it passed nothing on. */
  readonly data: Readonly<Record<string, unknown>>
  /** Names of the tasks that contributed to the data. */
  readonly history: readonly string[]
}

export interface LocalLine {
  readonly dag: string
  readonly task: string
  readonly stream: 'stdout' | 'stderr'
  readonly line: string
}

export interface LocalRun {
  /** `succeeded`, or how it ended otherwise: a run that fails is no exception, look at it. */
  readonly state: RunState
  /** Why it did not succeed. */
  readonly error?: ErrorRecord
  readonly dags: readonly { readonly dag: string; readonly state: DagState }[]
  /** In order of their start and definition. */
  readonly tasks: readonly LocalTask[]
  /** Lines of commands. What functions print goes where this process prints. */
  readonly lines: readonly LocalLine[]
  /** The run's store, as it was left. */
  readonly store: Pick<TaskStore, 'get'>
  /** By `task`, `dag/task` or `dag:n/task`; the first when there are several. Throws `LF_UNKNOWN_TASK`. */
  task(name: string): LocalTask
}
