/**
 * A task that runs longer than it may, on a peer that lives: its owner ends it. When that fails (a thread that nothing can end, H5),
 * others revoke the claim, so that the run goes on without it.
 */

/** What the owner has for ending the body and for recording it, however slow the ledger is. */
export const OVERDUE_GRACE_MS = 30_000
/** Each further rank waits this much longer for those before it. */
const OVERDUE_RANK_DELAY_MS = 10_000

/** `heldMs`: how long this observer, on its own monotonic clock, has seen the same claim: never longer than it lasts. */
export function isOverdue(heldMs: number, timeoutMs: number | null, rank: number): boolean {
  return timeoutMs !== null && heldMs >= timeoutMs + OVERDUE_GRACE_MS + rank * OVERDUE_RANK_DELAY_MS
}
