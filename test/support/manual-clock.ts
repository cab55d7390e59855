import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock, Timer } from '../../src/core/clock.ts'

interface Entry {
  dueMs: number
  order: number
  run: () => void
}

/** A clock that stands still until a test moves it. Timers fire in order of their due time. */
export class ManualClock implements Clock {
  #nowMs = 1_000_000
  #order = 0
  readonly #entries = new Set<Entry>()

  monotonicMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return this.#nowMs
  }

  timer(delayMs: number, run: () => void): Timer {
    const entry = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run }
    this.#entries.add(entry)
    return { cancel: () => void this.#entries.delete(entry) }
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      if (signal?.aborted === true) return resolve()
      const timer = this.timer(delayMs, resolve)
      signal?.addEventListener('abort', () => {
        timer.cancel()
        resolve()
      })
    })
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#entries.size
  }

  /** Moves time on, timer by timer; everything that a timer sets off has its turn before the next one. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs
    await settle()
    for (;;) {
      const next = [...this.#entries].sort((a, b) => a.dueMs - b.dueMs || a.order - b.order)[0]
      if (next === undefined || next.dueMs > untilMs) break
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      this.#entries.delete(next)
      next.run()
      await settle()
    }
    this.#nowMs = untilMs
  }
}

/** Lets promises that can settle do so. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await nextTurn()
}
