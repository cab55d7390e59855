/**
 * What was carried out is struck off: the task's document does not say any more that its successors are to be told. That is no hurry, so it
 * rides with the next completions. When it never comes to that, somebody carries it out once more, which changes nothing.
 */
import type { AnyBulkWriteOperation, Collection } from 'mongodb'
import type { Clock, Timer } from '../../core/clock.ts'
import type { TaskDoc } from './documents.ts'
import { MAX_STRIKE_OFFS, STRIKE_OFF_AFTER_MS } from './mongo-limits.ts'

type Carried = Pick<TaskDoc, '_id' | 'token'>

export interface StrikeOff {
  operations: AnyBulkWriteOperation<TaskDoc>[]
  /** Documents that it will meet, unless somebody else came first. */
  count: number
  /** It was not written, as far as is known. */
  putBack: () => void
}

export class StrikeOffs {
  readonly #tasks: Collection<TaskDoc>
  readonly #clock: Pick<Clock, 'timer'>
  #carried: Carried[] = []
  #timer: Timer | null = null

  constructor(tasks: Collection<TaskDoc>, clock: Pick<Clock, 'timer'>) {
    this.#tasks = tasks
    this.#clock = clock
  }

  add(carried: readonly Carried[]): void {
    if (carried.length === 0) return
    this.#keep([...this.#carried, ...carried.map(({ _id, token }) => ({ _id, token }))])
  }

  /** The oldest are left to whoever finds them. */
  #keep(carried: Carried[]): void {
    this.#carried = carried.slice(-MAX_STRIKE_OFFS)
    this.#timer ??= this.#clock.timer(STRIKE_OFF_AFTER_MS, () => void this.flush())
  }

  /** For whoever writes tasks now. */
  take(): StrikeOff {
    this.#timer?.cancel()
    this.#timer = null
    const carried = this.#carried
    this.#carried = []
    if (carried.length === 0) return { operations: [], count: 0, putBack: () => {} }
    const operation = { updateMany: { filter: filterOf(carried), update: STRUCK } }
    return { operations: [operation], count: carried.length, putBack: () => this.#keep([...carried, ...this.#carried]) }
  }

  /** Tried once: what fails is done again by whoever finds it. */
  async flush(): Promise<void> {
    const { operations } = this.take()
    if (operations.length > 0) await this.#tasks.bulkWrite(operations).catch(() => {})
  }
}

const STRUCK = { $unset: { todo: '' as const } }

/** A task that runs again ends again, in a change of another token: that end is not struck off for this one. */
function filterOf(carried: readonly Carried[]) {
  return {
    _id: { $in: carried.map(({ _id }) => _id) },
    token: { $in: [...new Set(carried.map(({ token }) => token))] },
    todo: 'advance' as const,
  }
}
