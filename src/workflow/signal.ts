import type { Named } from './brand.ts'
import type { MultiTaskData } from './multi-task-data.ts'
import type { TaskData } from './task-data.ts'

/** What a DAG may be started with. */
export type StartData = MultiTaskData | TaskData | Readonly<Record<string, unknown>>

export interface StartDagOptions {
  /**
   * What the copy is for, known to this task alone: starting the same DAG with the same key finds the copy that exists, whatever the data. By
   * default a copy is known by its data and by how many were started with the same before it in this attempt.
   */
  key?: string
}

/** What a task may ask of the run that it is part of. */
export interface Signal {
  /** Starts a copy of a DAG of this workflow and resolves with the copy's name, `dag:n`. Its first tasks receive `data`. */
  startDag(dag: string | Named, data?: StartData, options?: StartDagOptions): Promise<string>
  /** Resolves when the named copies (by default: all that this task started) have ended. */
  joinDags(names?: string | readonly string[]): Promise<boolean>
  /** Starts nothing new in one copy; by default the task's own. */
  stopDag(name?: string): Promise<void>
  /** Starts nothing new in the whole run. */
  stopWorkflow(): Promise<void>
  /** True once the task's own DAG was asked to stop: a task with a long loop looks at it now and then. */
  readonly isStopped: boolean
  /** True once the peer is to leave: it waits for the tasks that it runs. One that would take hours throws a HandOver now. */
  readonly isDraining: boolean
  /** Aborts when the attempt is over whatever it does: timeout, lost lease, peer going away. */
  readonly abort: AbortSignal
}
