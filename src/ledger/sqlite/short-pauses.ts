/**
 * Pauses of a fraction of a millisecond, for the ledger's own thread: the turn to write changes hands that fast, and Node's timers count in
 * whole milliseconds. The thread itself stops meanwhile, so only short ones are made this way.
 */
import { setImmediate as otherWork } from 'node:timers/promises'
import type { Clock } from '../../core/clock.ts'

/** Longer ones are left to timers: requests must not wait for them. */
const MAX_STOPPED_MS = 1

export function withShortPauses(clock: Clock): Clock {
  const nothing = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  return {
    ...clock,
    async sleep(delayMs, signal) {
      if (delayMs > MAX_STOPPED_MS) return clock.sleep(delayMs, signal)
      Atomics.wait(nothing, 0, 0, delayMs)
      await otherWork()
    },
  }
}
