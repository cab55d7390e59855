/** The callbacks of a task: what they get and what they may return. */
import type { Action } from './action.ts'
import type { Context } from './context.ts'
import type { MultiTaskData } from './multi-task-data.ts'
import type { Signal } from './signal.ts'
import type { TaskStore } from './store.ts'

/** What every callback of a task gets. */
export interface TaskCall {
  readonly data: MultiTaskData
  readonly store: TaskStore
  readonly signal: Signal
  readonly context: Context
}

/** How a task ended, as its `callbackFinally` is told. */
export type FinallyStatus = 'success' | 'stopped' | 'aborted' | 'error'

export interface FinallyCall extends TaskCall {
  readonly status: FinallyStatus
}

/** Nothing (the data is passed on as the task left it), or an Action. */
export type TaskReturn = void | Action | Promise<void | Action>

export type TaskCallback = (call: TaskCall) => TaskReturn
export type InitCallback = (call: TaskCall) => void | Promise<void>
export type FinallyCallback = (call: FinallyCall) => void | Promise<void>

/** What a kind of task may do besides what callbacks may. */
export interface TaskTools {
  /** A line of output: part of the attempt's log, not of its data. */
  output(stream: 'stdout' | 'stderr', line: string): void
  readonly notes: TaskNotes
}

/**
 * What kinds of tasks note of their work, for the attempt that repeats it and for the run that tries this one again. All tasks of a run share
 * them, and callbacks cannot write them: a path (`files.…`) names the kind and, by a hash, the task.
 */
export interface TaskNotes {
  /** Null when nothing is there. */
  get<T = unknown>(path: string): Promise<T | null>
  set(path: string, value: unknown): Promise<void>
}
