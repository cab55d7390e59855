/**
 * Every single step at the server goes through here: it is repeated while its outcome is open and bounded in time. The driver's own retry is
 * not enough: when connections close together, most writes in flight surface as errors although they may have been applied (R20).
 */
import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import { closedError, isOpen, translate, unavailable } from './mongo-errors.ts'
import { FIRST_REPEAT_PAUSE_MS, MAX_REPEAT_PAUSE_MS } from './mongo-limits.ts'

export interface AnswersParts {
  clock: Pick<Clock, 'monotonicMs' | 'sleep' | 'timer'>
  random: Pick<Random, 'float'>
}

export class Answers {
  readonly #parts: AnswersParts
  readonly #withinMs: number
  #isClosed = false

  constructor(parts: AnswersParts, withinMs: number) {
    this.#parts = parts
    this.#withinMs = withinMs
  }

  close(): void {
    this.#isClosed = true
  }

  /**
   * Runs `step` until it is answered; it must be safe to repeat. `again` is true from the second time on: the step may have been carried out
   * before. A step of several commands asks `stillWanted` before each write: it throws when nobody waits for this try any more, so that
   * nothing lands later than the server's own limit allows. `LF_LEDGER_UNAVAILABLE` when time is up, `LF_LEDGER_CLOSED`,
   * `LF_LEDGER_AUTH`, `LF_LEDGER_REFUSED`.
   */
  async ask<T>(
    step: (again: boolean, stillWanted: () => void) => Promise<T>,
    withinMs: number = this.#withinMs,
  ): Promise<T> {
    const { clock, random } = this.#parts
    const deadlineMs = clock.monotonicMs() + withinMs
    for (let pauseMs = FIRST_REPEAT_PAUSE_MS, again = false; ; again = true) {
      if (this.#isClosed) throw closedError()
      let isOver = false
      const stillWanted = () => {
        if (isOver) throw unavailable(new Error('nobody waits for it any more'))
      }
      try {
        return await this.#within(deadlineMs - clock.monotonicMs(), step(again, stillWanted))
      } catch (error) {
        if (this.#isClosed) throw closedError()
        if (!isOpen(error)) throw translate(error)
        if (clock.monotonicMs() + pauseMs > deadlineMs) throw unavailable(error)
      } finally {
        isOver = true
      }
      await clock.sleep(pauseMs * (0.5 + random.float() / 2))
      pauseMs = Math.min(pauseMs * 2, MAX_REPEAT_PAUSE_MS)
    }
  }

  /** A step that does not end is left behind: the server ends it by itself, and what it did is found by the repetition. */
  #within<T>(ms: number, step: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = this.#parts.clock.timer(ms, () => reject(unavailable(new Error('no answer in time'))))
      step.then(resolve, reject).finally(() => timer.cancel())
    })
  }
}
