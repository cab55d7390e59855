/**
 * Time as a collaborator. Leases are judged on the monotonic clock only; the wall clock is for display and for due times.
 * Nothing outside this file asks the system what time it is or sets a timer.
 */
export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Milliseconds on a clock that never jumps; its zero means nothing. */
  monotonicMs(): number
  /** Milliseconds since 1970, UTC. May jump: never used to judge a lease. */
  wallMs(): number
  /** Calls `run` once after `delayMs`, never before. The caller owns the timer and cancels it. */
  timer(delayMs: number, run: () => void): Timer
  /** Resolves after `delayMs`, or at once when `signal` aborts (no error: look at the signal). */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  timer(delayMs, run) {
    const dueMs = performance.now() + delayMs
    let handle: NodeJS.Timeout
    const arm = (leftMs: number) => {
      handle = setTimeout(ring, Math.min(Math.max(0, leftMs), MAX_TIMEOUT_MS))
    }
    // The system counts in whole milliseconds, of the delay and of the time at which it was set, and rings up to two too early.
    const ring = () => {
      const leftMs = dueMs - performance.now()
      if (leftMs > 0) arm(leftMs)
      else run()
    }
    arm(delayMs)
    return { cancel: () => clearTimeout(handle) }
  },
  sleep(delayMs, signal) {
    return new Promise(resolve => {
      if (signal?.aborted === true) return resolve()
      const done = () => {
        timer.cancel()
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = systemClock.timer(delayMs, done)
      signal?.addEventListener('abort', done, { once: true })
    })
  },
}

/** The longest wait of the system (24 days); a longer one would end at once, so it is made of several. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1
