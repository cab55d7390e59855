import { LightflowError } from '../core/errors.ts'
import { describeValue } from './describe-value.ts'
import { didYouMean } from './did-you-mean.ts'
import type { MultiTaskData } from './multi-task-data.ts'
import { endsTask } from './signals.ts'
import type { TaskStore } from './store.ts'

/** A value, or a function that makes it from what the task has received; it may be async. */
export type Parameter<Value> = Value | ((data: MultiTaskData, store: TaskStore) => Value | Promise<Value>)

/** Options of which each may be a {@link Parameter}. */
export type ParametersOf<Values> = { readonly [Name in keyof Values]: Parameter<Values[Name]> }

/** What functions among the options are called with; a `TaskCall` will do. */
export interface ParameterCall {
  readonly data: MultiTaskData
  readonly store: TaskStore
}

/** What an option must be, in words that end "needs …", and whether a value is. */
export type ParameterCheck = readonly [expected: string, isRight: (value: unknown) => boolean]

/**
 * The options of a kind of task, of which any may be a function of the incoming data: `(data, store) => value`. Plain values are
 * checked where they are written, results of functions when they are made. Callbacks do not belong here: they would be called.
 */
export class TaskParameters<Values extends object> {
  readonly #task: string
  readonly #given: ParametersOf<Values>
  readonly #checks: { readonly [Name in keyof Values]?: ParameterCheck }

  /** `task` is the name that errors mention. Throws `LF_TASK_OPTIONS` for a plain value that fails its check. */
  constructor(
    task: string,
    given: ParametersOf<Values>,
    checks: { readonly [Name in keyof Values]?: ParameterCheck } = {},
  ) {
    this.#task = task
    this.#given = Object.freeze({ ...given })
    this.#checks = checks
    for (const name of this.#names()) {
      const value: unknown = given[name]
      const expected = typeof value === 'function' ? undefined : this.#expected(name, value)
      if (expected === undefined) continue
      const message = `The task "${task}" needs ${expected} as "${name}", but got ${describeValue(value)}.`
      throw new LightflowError('LF_TASK_OPTIONS', message)
    }
  }

  /**
   * The options as plain values, evaluated one after the other in the order in which they were given. Rejects with
   * `LF_TASK_PARAMETER`, which names the task and the option; StopTask, AbortWorkflow and HandOver pass through as they are.
   */
  async evaluate<Excluded extends keyof Values = never>(
    call: ParameterCall,
    { exclude = [] }: { exclude?: readonly Excluded[] } = {},
  ): Promise<Omit<Values, Excluded>> {
    const left: ReadonlySet<keyof Values> = new Set(exclude)
    const values: Partial<Values> = {}
    for (const name of this.#names()) if (!left.has(name)) values[name] = await this.evaluateOne(name, call)
    return values as Omit<Values, Excluded>
  }

  /** One option as a plain value. Rejects as {@link evaluate} does. */
  async evaluateOne<Name extends keyof Values & string>(
    name: Name,
    { data, store }: ParameterCall,
  ): Promise<Values[Name]> {
    if (!Object.hasOwn(this.#given, name)) {
      const hint = didYouMean(name, this.#names())
      throw new LightflowError('LF_TASK_PARAMETER', `The task "${this.#task}" has no option "${name}".`, { hint })
    }
    const given: unknown = this.#given[name]
    if (typeof given !== 'function') return given as Values[Name]
    const value = await this.#made(name, async () => (await Reflect.apply(given, undefined, [data, store])) as unknown)
    const expected = this.#expected(name, value)
    if (expected === undefined) return value as Values[Name]
    throw new LightflowError(
      'LF_TASK_PARAMETER',
      `The function for "${name}" of the task "${this.#task}" gave ${describeValue(value)}, it needs ${expected}.`,
      { hint: 'The function gets (data, store) and returns the value: is what it reads there in this run?' },
    )
  }

  async #made(name: string, make: () => Promise<unknown>): Promise<unknown> {
    try {
      return await make()
    } catch (thrown) {
      if (endsTask(thrown)) throw thrown
      throw failed(this.#task, name, thrown)
    }
  }

  #expected(name: keyof Values, value: unknown): string | undefined {
    const check = this.#checks[name]
    return check === undefined || check[1](value) ? undefined : check[0]
  }

  #names(): (keyof Values & string)[] {
    return Object.keys(this.#given) as (keyof Values & string)[]
  }
}

function failed(task: string, name: string, thrown: unknown): LightflowError {
  const why = thrown instanceof Error ? thrown.message : describeValue(thrown)
  const message = `The function for "${name}" of the task "${task}" failed: ${why}`
  const error = new LightflowError('LF_TASK_PARAMETER', message, {
    hint: 'The function gets (data, store): is what it reads there in this run?',
    cause: thrown,
  })
  // The place in the author's code says more than the one here.
  if (thrown instanceof Error && thrown.stack !== undefined) error.stack = thrown.stack
  return error
}
