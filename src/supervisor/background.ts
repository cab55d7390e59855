/**
 * One owner for everything that goes on by itself: a turn that is asked for while it runs is run once more, never twice at a time;
 * a failure is told once until it is over, and the turn comes again.
 */
import type { Clock, Timer } from '../core/clock.ts'

export interface TurnOptions {
  /** Longest pause between two turns, after so many failures in a row; null = only when asked. */
  everyMs: ((failures: number) => number) | null
  /** Told when turns begin to fail (the error) and when they succeed again (null). */
  onHealth: (error: unknown) => void
}

export class RepeatedTurn {
  readonly #clock: Clock
  readonly #turn: () => Promise<void>
  readonly #options: TurnOptions
  #timer: Timer | null = null
  #running: Promise<void> | null = null
  #again = false
  #within: Timer | null = null
  #stopped = false
  #failures = 0

  constructor(clock: Clock, turn: () => Promise<void>, options: TurnOptions) {
    this.#clock = clock
    this.#turn = turn
    this.#options = options
  }

  /** The last turn failed. */
  get failing(): boolean {
    return this.#failures > 0
  }

  /** Runs a turn now, or right after the one that is running. */
  wake(): void {
    if (this.#stopped) return
    if (this.#running !== null) {
      this.#again = true
      return
    }
    this.#timer?.cancel()
    this.#timer = null
    this.#within?.cancel()
    this.#within = null
    this.#running = this.#run().finally(() => {
      this.#running = null
      if (this.#again) this.wake()
      else this.#schedule()
    })
  }

  /** Runs a turn after `delayMs`, unless one comes sooner. */
  wakeAfter(delayMs: number): void {
    if (this.#stopped) return
    const timer = this.#clock.timer(delayMs, () => {
      this.#extra.delete(timer)
      this.wake()
    })
    this.#extra.add(timer)
  }

  /** Runs a turn within `delayMs`: what is asked for until then is one turn. */
  wakeWithin(delayMs: number): void {
    if (this.#stopped) return
    this.#within ??= this.#clock.timer(delayMs, () => {
      this.#within = null
      this.wake()
    })
  }

  /** Resolves when no turn runs, and none is asked for at once. */
  async quiet(): Promise<void> {
    while (this.#running !== null) await this.#running
  }

  readonly #extra = new Set<Timer>()

  /** No further turn; resolves when the running one has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#again = false
    this.#timer?.cancel()
    this.#within?.cancel()
    for (const timer of this.#extra) timer.cancel()
    this.#extra.clear()
    await this.#running
  }

  async #run(): Promise<void> {
    this.#again = false
    try {
      await this.#turn()
      const failed = this.failing
      this.#failures = 0
      if (failed) this.#options.onHealth(null)
    } catch (error) {
      this.#failures += 1
      if (this.#failures === 1) this.#options.onHealth(error)
    }
  }

  #schedule(): void {
    if (this.#stopped || this.#options.everyMs === null) return
    this.#timer = this.#clock.timer(this.#options.everyMs(this.#failures), () => this.wake())
  }
}
