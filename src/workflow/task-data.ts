import { FORBIDDEN_KEYS } from '../../protocols/value-limits.ts'
import { LightflowError } from '../core/errors.ts'
import { KIND, isOfKind } from './brand.ts'
import { copyData } from './copy-data.ts'
import { describeValue } from './describe-value.ts'
import { mergeRecords } from './merge-records.ts'

/** One dataset: named values, and the names of the tasks that contributed to it, oldest first. */
export class TaskData {
  #data: Record<string, unknown>
  readonly #history: string[]

  /** Takes over the values of `data` as they are; `copy()` afterwards when they are not to be shared. */
  constructor(data: Readonly<Record<string, unknown>> = {}, taskHistory: readonly string[] = []) {
    if (typeof data !== 'object' || data === null || Array.isArray(data)) {
      throw new LightflowError('LF_DATA', `A dataset is made from an object, but got ${describeValue(data)}.`)
    }
    for (const key of Object.keys(data)) checkKey(key)
    this.#data = { ...data }
    this.#history = [...taskHistory]
  }

  get [KIND](): 'task-data' {
    return 'task-data'
  }

  /** The values themselves, not a copy. */
  get data(): Record<string, unknown> {
    return this.#data
  }

  get taskHistory(): readonly string[] {
    return this.#history
  }

  /** The value under `key`, or undefined. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the author knows what a predecessor put there
  get<T = unknown>(key: string): T
  /** The value under `key`, or `fallback` when there is none. */
  get<T>(key: string, fallback: T): T
  get(key: string, fallback?: unknown): unknown {
    return this.has(key) ? this.#data[key] : fallback
  }

  set(key: string, value: unknown): void {
    this.#data[checkKey(key)] = value
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#data, key)
  }

  /** Removes a value; one that is not there is no error. */
  delete(key: string): void {
    delete this.#data[key]
  }

  keys(): string[] {
    return Object.keys(this.#data)
  }

  addTaskHistory(task: string): void {
    this.#history.push(task)
  }

  /**
   * Takes over everything of `other`, which wins: objects are merged key by key at every level, all else is replaced. The
   * history gains the names that it does not have yet. `other` stays as it is.
   */
  merge(other: TaskData): void {
    this.#data = mergeRecords(this.#data, other.data)
    const known = new Set(this.#history)
    for (const task of other.taskHistory) {
      if (!known.has(task)) this.#history.push(task)
      known.add(task)
    }
  }

  /** A deep copy. Values that cannot be copied (functions, sockets) are an error of the platform, `DataCloneError`. */
  copy(): TaskData {
    return new TaskData(copyData(this.#data), this.#history)
  }

  toJSON(): Record<string, unknown> {
    return this.#data
  }
}

export function isTaskData(value: unknown): value is TaskData {
  return isOfKind(value, 'task-data')
}

function checkKey(key: unknown): string {
  if (typeof key === 'string' && !FORBIDDEN_KEYS.has(key)) return key
  throw new LightflowError('LF_DATA_KEY', `${describeValue(key)} cannot name a value of a dataset.`, {
    hint: `Use any text except ${Array.from(FORBIDDEN_KEYS).join(', ')}.`,
  })
}
