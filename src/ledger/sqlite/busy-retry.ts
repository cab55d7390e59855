/**
 * Taking turns between processes. SQLite's own waiting blocks the thread and starves some processes for seconds; short random pauses
 * starve nobody, and nobody ever sees "database is locked".
 */
import type { Clock } from '../../core/clock.ts'
import { LightflowError } from '../../core/errors.ts'
import type { Random } from '../../core/random.ts'
import { MAX_WRITE_RETRY_PAUSE_MS, MAX_WRITE_WAIT_MS } from '../ledger-limits.ts'
import { isBusy } from './sqlite-errors.ts'

export interface Turn {
  clock: Pick<Clock, 'monotonicMs' | 'sleep'>
  random: Pick<Random, 'float'>
}

/**
 * Repeats `act` while another process is in the way; `LF_LEDGER_BUSY` after a minute of that. `pauseMs`: how long to wait before the next
 * try, after having waited for so long.
 */
export async function whenFree<T>(
  act: () => T,
  { clock, random }: Turn,
  pauseMs: (waitedMs: number) => number = () => random.float() * MAX_WRITE_RETRY_PAUSE_MS,
): Promise<T> {
  const startedMs = clock.monotonicMs()
  for (;;) {
    let waitedMs = 0
    try {
      return act()
    } catch (error) {
      waitedMs = clock.monotonicMs() - startedMs
      if (!isBusy(error)) throw error
      if (waitedMs > MAX_WRITE_WAIT_MS) throw stillBusy(error)
    }
    await clock.sleep(pauseMs(waitedMs))
  }
}

function stillBusy(cause: unknown): LightflowError {
  return new LightflowError('LF_LEDGER_BUSY', 'Another process has kept the ledger busy for a minute.', {
    hint: 'Look for a program that has the ledger file open (a backup, an SQLite shell) and for a stopped `lf` process.',
    cause,
  })
}
