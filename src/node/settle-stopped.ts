import type { Clock } from '../core/clock.ts'
import type { Ledger } from '../ledger/ledger.ts'

/** What others began and did not finish, done by one call. */
const MAX_SETTLED_PER_CALL = 200
/** Enough for some 100,000 tasks; the rest is left to the peers. */
const MAX_SETTLE_MS = 3000

/**
 * A run that was stopped ends when all of its tasks are written. Peers do that, if there are any: this is for when there are none. The stop is
 * recorded, so nothing that goes wrong here is for who asked for it.
 */
export async function settleStopped(
  ledger: Pick<Ledger, 'settle'>,
  run: string,
  clock: Pick<Clock, 'monotonicMs'>,
): Promise<void> {
  const untilMs = clock.monotonicMs() + MAX_SETTLE_MS
  try {
    while ((await ledger.settle(MAX_SETTLED_PER_CALL, run)) > 0 && clock.monotonicMs() < untilMs);
  } catch {
    // The peers' sweeps meet it as well, and say so.
  }
}
