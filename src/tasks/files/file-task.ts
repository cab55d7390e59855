import { LightflowError } from '../../core/errors.ts'
import { describeValue } from '../../workflow/describe-value.ts'
import { HandOver, StopTask } from '../../workflow/signals.ts'
import { Task } from '../../workflow/task.ts'
import type { TaskCall, TaskReturn, TaskTools } from '../../workflow/task-call.ts'
import type { TaskOptions } from '../../workflow/task-options.ts'
import { type ParameterCheck, type ParametersOf, TaskParameters } from '../../workflow/task-parameters.ts'

/** What a kind of file task takes besides what every task takes. */
export interface FileTaskOptions<Values> {
  checks: { readonly [Name in keyof Values]-?: ParameterCheck }
  /** Options without a default are required. */
  defaults?: Partial<Values>
  /** Names of callbacks, which are called and never evaluated. */
  callbacks?: readonly string[]
}

/** A task about files: its options may each be a function of what the task has received. */
export abstract class FileTask<Values extends object> extends Task {
  readonly #parameters: TaskParameters<Values>

  constructor(
    name: string,
    given: TaskOptions & Partial<ParametersOf<Values>>,
    { checks, defaults = {}, callbacks = [] }: FileTaskOptions<Values>,
  ) {
    super(name, given, [...Object.keys(checks), ...callbacks])
    const values = Object.keys(checks).map(key => {
      const option = key as keyof Values
      return [key, given[option] === undefined ? defaults[option] : given[option]]
    })
    this.#parameters = new TaskParameters<Values>(this.name, Object.fromEntries(values) as ParametersOf<Values>, checks)
  }

  async run(call: TaskCall, tools: TaskTools): Promise<Awaited<TaskReturn>> {
    return this.work(await this.#parameters.evaluate(call), call, tools)
  }

  protected abstract work(values: Values, call: TaskCall, tools: TaskTools): TaskReturn
}

/** Throws `LF_TASK_OPTIONS` unless it is a function, or null where it may be left out. */
export function readCallback<Callback>(
  task: string,
  name: string,
  given: Callback | null | undefined,
): Callback | null {
  if (given === undefined || given === null || typeof given === 'function') return given ?? null
  const message = `The task "${task}" needs a function as "${name}", but got ${describeValue(given)}.`
  throw new LightflowError('LF_TASK_OPTIONS', message)
}

/** The one that a task cannot do without. `hint`: how it is called. */
export function needCallback<Callback>(task: string, given: Callback | null | undefined, hint: string): Callback {
  const callback = readCallback(task, 'callback', given)
  if (callback !== null) return callback
  throw new LightflowError('LF_TASK_OPTIONS', `The task "${task}" needs a function as "callback".`, { hint })
}

/** As `checkGoesOn`, for what goes on where it was: it leaves with its peer, which would have to wait for it otherwise. */
export function checkStays(call: Pick<TaskCall, 'signal'>): void {
  checkGoesOn(call)
  if (call.signal.isDraining) throw new HandOver('The task goes on with another peer, since its own is to leave.')
}

/** Between two steps of a long work: throws when the attempt is over or its DAG is being stopped. */
export function checkGoesOn({ signal }: Pick<TaskCall, 'signal'>): void {
  signal.abort.throwIfAborted()
  if (signal.isStopped) throw new StopTask('The task was ended in its middle because its DAG is being stopped.')
}
