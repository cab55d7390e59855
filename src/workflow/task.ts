import { checkName } from '../../protocols/ids.ts'
import type { Action } from './action.ts'
import { KIND, isOfKind } from './brand.ts'
import type { Context } from './context.ts'
import type { MultiTaskData } from './multi-task-data.ts'
import type { Effect } from './plan.ts'
import type { Signal } from './signal.ts'
import type { TaskStore } from './store.ts'
import { readTaskOptions } from './task-options.ts'

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

/** What every kind of task takes. */
export interface TaskOptions {
  /** Only peers that serve this queue run the task. Default: the queue of its DAG, else `task`. */
  queue?: string
  /** What may happen when the peer that runs it dies: default `idempotent`, it is run again after a delay. */
  effect?: Effect
  /** Higher goes first. Default 0. */
  priority?: number
  /** How often a failed attempt is repeated. Default 0. */
  retries?: number
  /** Wait before the first repetition, in milliseconds; doubles each time. Default 1000. */
  backoffMs?: number
  /** Longest time that one attempt may take, in milliseconds. Default null: no limit. */
  timeoutMs?: number | null
  /** Runs even when every predecessor was skipped or left it out. Default false. */
  forceRun?: boolean
  /** When skipped: pass the skip on to the successors (default true), or let them run. */
  propagateSkip?: boolean
  /** Called just before the body; may throw what the body may throw. */
  callbackInit?: InitCallback | null
  /** Called with the `status` once the task has ended, however it ended. */
  callbackFinally?: FinallyCallback | null
}

/** What a kind of task may do besides what callbacks may. */
export interface TaskTools {
  /** A line of output: part of the attempt's log, not of its data. */
  output(stream: 'stdout' | 'stderr', line: string): void
}

/** A unit of work. Kinds of tasks extend it: `run` is the body of one attempt. */
export abstract class Task {
  readonly name: string
  /** For display: `function`, `bash`, … */
  readonly kind: string = 'task'
  readonly options: Readonly<Required<Omit<TaskOptions, 'queue'>>> & { readonly queue: string | null }

  /** `ownOptions` names what a kind of task takes besides {@link TaskOptions}; all else is refused with `LF_TASK_OPTIONS`. */
  constructor(name: string, options: TaskOptions = {}, ownOptions: readonly string[] = []) {
    this.name = checkName('task', name)
    this.options = readTaskOptions(this.name, options, ownOptions)
  }

  get [KIND](): 'task' {
    return 'task'
  }

  abstract run(call: TaskCall, tools: TaskTools): TaskReturn
}

export function isTask(value: unknown): value is Task {
  return isOfKind(value, 'task')
}
