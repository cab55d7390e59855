import type { Named } from './brand.ts'
import type { MultiTaskData } from './multi-task-data.ts'
import type { TaskData } from './task-data.ts'

/** What a DAG may be started with. */
export type StartData = MultiTaskData | TaskData | Readonly<Record<string, unknown>>

/** What a task may ask of the run that it is part of. */
export interface Signal {
  /** Starts a copy of a DAG of this workflow and resolves with the copy's name, `dag:n`. Its first tasks receive `data`. */
  startDag(dag: string | Named, data?: StartData): Promise<string>
  /** Resolves when the named copies (by default: all that this task started) have ended. */
  joinDags(names?: string | readonly string[]): Promise<boolean>
  /** Starts nothing new in one copy; by default the task's own. */
  stopDag(name?: string): Promise<void>
  /** Starts nothing new in the whole run. */
  stopWorkflow(): Promise<void>
  /** True once the task's own DAG was asked to stop: a task with a long loop looks at it now and then. */
  readonly isStopped: boolean
  /** Aborts when the attempt is over whatever it does: timeout, lost lease, peer going away. */
  readonly abort: AbortSignal
}
