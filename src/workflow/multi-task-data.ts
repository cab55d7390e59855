import { LightflowError } from '../core/errors.ts'
import { KIND, isOfKind } from './brand.ts'
import { describeValue } from './describe-value.ts'
import { didYouMean } from './did-you-mean.ts'
import { TaskData } from './task-data.ts'

/**
 * What a task receives and passes on: one dataset per predecessor, in the order in which the DAG names the edges, each under the
 * name of its task and of its slot. `get`, `set`, `has` and `delete` act on the default dataset: the first one unless changed.
 * After the task, all datasets become one: the default one wins.
 */
export class MultiTaskData {
  #datasets: TaskData[] = []
  readonly #aliases = new Map<string, number>()
  #defaultIndex = 0

  constructor({ dataset, aliases = [] }: { dataset?: TaskData; aliases?: readonly string[] } = {}) {
    if (dataset === undefined && aliases.length === 0) return
    this.#datasets.push(dataset ?? new TaskData())
    for (const alias of aliases) this.addAlias(alias, 0)
  }

  get [KIND](): 'multi-task-data' {
    return 'multi-task-data'
  }

  // --- the default dataset

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the author knows what a predecessor put there
  get<T = unknown>(key: string): T
  get<T>(key: string, fallback: T): T
  get(key: string, fallback?: unknown): unknown {
    const dataset = this.#datasets[this.#defaultIndex]
    return dataset === undefined ? fallback : dataset.get(key, fallback)
  }

  set(key: string, value: unknown): void {
    // Data made by an author for `startDag` has no dataset yet.
    if (this.#datasets.length === 0) this.#datasets.push(new TaskData())
    this.dataset().set(key, value)
  }

  has(key: string): boolean {
    return this.#datasets[this.#defaultIndex]?.has(key) ?? false
  }

  /** Removes a value; one that is not there is no error. */
  delete(key: string): void {
    this.#datasets[this.#defaultIndex]?.delete(key)
  }

  keys(): string[] {
    return this.#datasets[this.#defaultIndex]?.keys() ?? []
  }

  get taskHistory(): readonly string[] {
    return this.#datasets[this.#defaultIndex]?.taskHistory ?? []
  }

  // --- all datasets

  get size(): number {
    return this.#datasets.length
  }

  get defaultIndex(): number {
    return this.#defaultIndex
  }

  /** Where each alias points. */
  get aliases(): ReadonlyMap<string, number> {
    return this.#aliases
  }

  [Symbol.iterator](): IterableIterator<TaskData> {
    return this.#datasets.values()
  }

  /** By alias (name of the predecessor, or slot), by index, or the default one. Throws `LF_DATA_ALIAS`, `LF_DATA_INDEX`. */
  dataset(which: string | number = this.#defaultIndex): TaskData {
    const dataset = this.#datasets[this.#indexOf(which)]
    if (dataset === undefined) throw noSuchIndex(which, this.#datasets.length)
    return dataset
  }

  /** The dataset that `get`, `set`, `has` and `delete` act on and that wins at the end. */
  setDefault(which: string | number): void {
    this.dataset(which)
    this.#defaultIndex = this.#indexOf(which)
  }

  /** Adds a dataset under the name of a task and other aliases; an alias that is taken moves to it. */
  addDataset(task: string, dataset: TaskData = new TaskData(), aliases: readonly string[] = []): TaskData {
    const index = this.#datasets.push(dataset) - 1
    for (const alias of [task, ...aliases]) this.addAlias(alias, index)
    return dataset
  }

  addAlias(alias: string, index: number): void {
    if (typeof alias !== 'string' || alias === '') {
      throw new LightflowError('LF_DATA_ALIAS', `${describeValue(alias)} cannot be an alias of a dataset.`)
    }
    if (this.#datasets[index] === undefined) throw noSuchIndex(index, this.#datasets.length)
    this.#aliases.set(alias, index)
  }

  /** Notes in every dataset that a task contributed. */
  addTaskHistory(task: string): void {
    for (const dataset of this.#datasets) dataset.addTaskHistory(task)
  }

  /**
   * Makes one dataset of all: the others are merged in their order, the default one last, so that it wins. Every alias then points
   * at the result. With `inPlace: false` this object stays as it is.
   */
  flatten({ inPlace = true }: { inPlace?: boolean } = {}): MultiTaskData {
    const flat = new TaskData()
    for (const [index, dataset] of this.#datasets.entries()) if (index !== this.#defaultIndex) flat.merge(dataset)
    const preferred = this.#datasets[this.#defaultIndex]
    if (preferred !== undefined) flat.merge(preferred)
    if (!inPlace) return new MultiTaskData({ dataset: flat, aliases: Array.from(this.#aliases.keys()) })
    this.#datasets = [flat]
    this.#defaultIndex = 0
    for (const alias of this.#aliases.keys()) this.#aliases.set(alias, 0)
    return this
  }

  /** A deep copy. */
  copy(): MultiTaskData {
    const copy = new MultiTaskData()
    copy.#datasets = this.#datasets.map(dataset => dataset.copy())
    for (const [alias, index] of this.#aliases) copy.#aliases.set(alias, index)
    copy.#defaultIndex = this.#defaultIndex
    return copy
  }

  #indexOf(which: string | number): number {
    if (typeof which === 'number') return which
    const index = this.#aliases.get(which)
    if (index !== undefined) return index
    throw new LightflowError('LF_DATA_ALIAS', `There is no dataset ${describeValue(which)} in the task's data.`, {
      hint: `A dataset goes by the name of the task that made it, or by its slot. ${didYouMean(which, this.#aliases.keys())}`,
    })
  }
}

export function isMultiTaskData(value: unknown): value is MultiTaskData {
  return isOfKind(value, 'multi-task-data')
}

function noSuchIndex(index: unknown, count: number): LightflowError {
  return new LightflowError('LF_DATA_INDEX', `There is no dataset number ${describeValue(index)}.`, {
    hint: count === 0 ? 'The data holds no dataset yet.' : `The data holds ${count}, counted from 0.`,
  })
}
