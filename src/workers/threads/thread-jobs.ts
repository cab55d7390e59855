/**
 * The jobs of one thread, seen from the peer's thread: the one whose turn it is, and behind it those that are lined up. Whether one of these
 * begins or comes back is decided by one exchange of a cell that both threads see, so that it never does both.
 */
import type { Clock, Timer } from '../../core/clock.ts'
import type { ErrorRecord } from '../../core/errors.ts'
import { OutputLines } from '../output-lines.ts'
import type { JobHost, JobResult } from '../worker-pool.ts'
import { ALL_SLOTS, decideStand, drainCell, standCell, standOf, stopCell } from './thread-messages.ts'

export interface ThreadJob {
  readonly id: number
  readonly slot: number
  readonly host: JobHost
  readonly lines: OutputLines
  /** Null: it comes back. */
  readonly settle: (result: JobResult | null) => void
  /** It is its turn; null once that was told. */
  onTurn: (() => void) | null
  /** Since when it has its turn (monotonic), as far as was told. */
  turnMs: number | null
  /** Set by `kill`: whatever the job answers now, this is its error. */
  killedBy: ErrorRecord | null
  graceTimer: Timer | null
}

export class ThreadJobs {
  readonly #cells: Int32Array
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #freeSlots = [...ALL_SLOTS]
  readonly #jobs: ThreadJob[] = []
  readonly #onFirstBack: () => void
  #lastId = 0

  /** `onFirstBack`: the one whose turn it was came back. */
  constructor(cells: Int32Array, clock: Pick<Clock, 'monotonicMs'>, onFirstBack: () => void) {
    this.#cells = cells
    this.#clock = clock
    this.#onFirstBack = onFirstBack
  }

  /** The one that runs, or whose turn it is. */
  get current(): ThreadJob | undefined {
    return this.#jobs[0]
  }

  /** Of those that have begun, the one that runs: a thread goes on only when the one before has ended. */
  get last(): ThreadJob | undefined {
    return this.#jobs.at(-1)
  }

  /** How many more it can have. */
  get room(): number {
    return this.#freeSlots.length
  }

  has(job: ThreadJob): boolean {
    return this.#jobs.includes(job)
  }

  /** `onTurn`: null when it is its turn at once. Who asks for more than there is room for has a fault. */
  add(host: JobHost, settle: ThreadJob['settle'], onTurn: ThreadJob['onTurn']): ThreadJob {
    const slot = this.#freeSlots.pop()
    if (slot === undefined) throw new Error('the thread has no room for another job')
    this.#lastId += 1
    const id = this.#lastId
    const lines = new OutputLines((stream, line) => tell(() => host.output(stream, line)))
    const turnMs = onTurn === null ? this.#clock.monotonicMs() : null
    const job: ThreadJob = { id, slot, host, lines, settle, onTurn, turnMs, killedBy: null, graceTimer: null }
    for (const cell of [stopCell(slot), drainCell(slot)]) Atomics.store(this.#cells, cell, 0)
    Atomics.store(this.#cells, standCell(slot), standOf(id, onTurn === null ? 'begun' : 'waits'))
    this.#jobs.push(job)
    return job
  }

  /** Sets a flag that the job sees. */
  raise(job: ThreadJob, cellOf: (slot: number) => number): void {
    if (this.has(job)) Atomics.store(this.#cells, cellOf(job.slot), 1)
  }

  /** Whether it comes back; it is gone from here then. One that has begun is told that it is its turn. */
  takeBack(job: ThreadJob): boolean {
    if (!this.has(job)) return false
    const isBack = decideStand(this.#cells, job, 'back')
    if (isBack) this.#giveBack(job)
    else this.tellTurn(job)
    return isBack
  }

  /** All that have not begun come back, the last first. */
  takeBackAll(): void {
    for (const job of this.#jobs.toReversed()) this.takeBack(job)
  }

  /** The thread says that it does not begin these. */
  comeBack(ids: readonly number[]): void {
    for (const id of ids.toReversed()) {
      const job = this.find(id)
      if (job !== undefined) this.#giveBack(job)
    }
  }

  /** It is its turn; told once. */
  tellTurn(job: ThreadJob): void {
    const { onTurn } = job
    job.onTurn = null
    job.turnMs ??= this.#clock.monotonicMs()
    onTurn?.()
  }

  find(id: number): ThreadJob | undefined {
    return this.#jobs.find(one => one.id === id)
  }

  /** It has ended. */
  remove(job: ThreadJob): void {
    this.#jobs.splice(this.#jobs.indexOf(job), 1)
    this.#freeSlots.push(job.slot)
    job.graceTimer?.cancel()
    tell(() => job.lines.end())
  }

  #giveBack(job: ThreadJob): void {
    const wasFirst = this.current === job
    this.remove(job)
    job.settle(null)
    if (wasFirst) this.#onFirstBack()
  }
}

/** A host that throws must not take the peer down. */
function tell(action: () => void): void {
  try {
    action()
  } catch {
    // Lines of output are all that is told this way: losing some is the lesser harm.
  }
}
