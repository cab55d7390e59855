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
  /** Calls `run` once after `delayMs`. The caller owns the timer and cancels it. */
  timer(delayMs: number, run: () => void): Timer
  /** Resolves after `delayMs`, or at once when `signal` aborts (no error: look at the signal). */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  timer(delayMs, run) {
    const handle = setTimeout(run, delayMs)
    return { cancel: () => clearTimeout(handle) }
  },
  sleep(delayMs, signal) {
    return new Promise(resolve => {
      if (signal?.aborted === true) return resolve()
      const done = () => {
        clearTimeout(handle)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const handle = setTimeout(done, delayMs)
      signal?.addEventListener('abort', done, { once: true })
    })
  },
}
