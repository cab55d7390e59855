/**
 * Writes that are long and not urgent: parts of large DAGs. All others who want to write wait for one, and those who write the first parts are the
 * same who claim the first tasks at that moment. So a part waits until nothing else is asked for, but not for ever.
 */
import type { Clock, Timer } from '../../core/clock.ts'

/** What is asked for at the same moment arrives in this time. */
const LEAST_WAIT_MS = 2
/** Since anything else was asked for: a task that does nothing has been claimed, sent to a worker and completed by then. */
const QUIET_MS = 10
/** Whatever else is asked for: with tasks that do nothing, of a thousand that were written before enough are left after this time. */
const MOST_WAIT_MS = 40

export class PatientWrites<Write> {
  readonly #clock: Pick<Clock, 'monotonicMs' | 'timer'>
  readonly #onDue: () => void
  readonly #waiting: { write: Write; sinceMs: number }[] = []
  #otherMs = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #hurries = false

  /** `onDue`: one of them may be made now; called after waiting, not when it is added. */
  constructor(clock: Pick<Clock, 'monotonicMs' | 'timer'>, onDue: () => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  add(write: Write): void {
    this.#waiting.push({ write, sinceMs: this.#clock.monotonicMs() })
    this.arm()
  }

  /** Nobody looks for them any more: there is a timer while something waits. */
  arm(): void {
    if (this.#timer !== undefined || this.#waiting.length === 0) return
    this.#timer = this.#clock.timer(this.#delayMs(), () => {
      this.#timer = undefined
      // Something else may have been asked for meanwhile.
      if (this.isDue) this.#onDue()
      else this.arm()
    })
  }

  /** Something else was asked for. */
  noteOther(): void {
    this.#otherMs = this.#clock.monotonicMs()
  }

  /** From now on none waits. */
  hurry(): void {
    this.#hurries = true
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Whether one has waited for so long that it comes before all others. */
  get isOverdue(): boolean {
    const [first] = this.#waiting
    return first !== undefined && this.#clock.monotonicMs() - first.sinceMs >= MOST_WAIT_MS
  }

  get isDue(): boolean {
    return this.#waiting.length > 0 && this.#delayMs() <= 0
  }

  /** The first one, if it may be made now. */
  take(): Write | undefined {
    return this.isDue ? this.#waiting.shift()?.write : undefined
  }

  takeAll(): Write[] {
    return this.#waiting.splice(0).map(({ write }) => write)
  }

  #delayMs(): number {
    const [first] = this.#waiting
    if (first === undefined || this.#hurries) return 0
    const nowMs = this.#clock.monotonicMs()
    const quietMs = Math.max(first.sinceMs + LEAST_WAIT_MS, this.#otherMs + QUIET_MS)
    return Math.max(0, Math.min(quietMs, first.sinceMs + MOST_WAIT_MS) - nowMs)
  }
}
