/** Limits of the rules about leases. */

/**
 * How long an `idempotent` task rests after a death that nobody proved: the owner may only be frozen, and its last outside effects
 * get this time to land before the next attempt starts.
 */
export const LOCK_DELAY_MS = 10_000

/** Longest wait between two attempts, however often the wait was doubled. */
export const MAX_BACKOFF_MS = 3_600_000

/** How often a task runs again because what it left was lost; then the task that needs it fails. */
export const MAX_REMAKES_PER_TASK = 3
/** How many tasks in a row run again, each for the input of the next: a longer row fails the task that needs one more. */
export const MAX_REMAKE_DEPTH = 100
