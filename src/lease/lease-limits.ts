/** Limits of the rules about leases. */

/**
 * How long an `idempotent` task rests after a death that nobody proved: the owner may only be frozen, and its last outside effects
 * get this time to land before the next attempt starts.
 */
export const LOCK_DELAY_MS = 10_000

/** Longest wait between two attempts, however often the wait was doubled. */
export const MAX_BACKOFF_MS = 3_600_000
