/**
 * How many tasks a peer claims ahead of its places. Writing a claim and a result to the ledger takes longer than a tiny task: whoever has
 * the next ones at hand goes on at once and lets the ledger write many together. What waits with one peer cannot be run by another, so it is
 * never more than a moment's work.
 */

/** Work that may wait for one place. So long, at most, another peer may have a place free in vain. */
const MAX_WAITING_MS = 30
/** Shorter than this nothing is: even a task that does nothing is sent to a worker and back. */
const LEAST_TASK_MS = 0.1
/** Tasks that wait with one peer, whatever its capacity. */
export const MAX_CLAIMS_AHEAD = 256

/** `usualMs`: how long tasks of this kind have usually taken; undefined while that is not known: then none. */
export function claimsAhead(usualMs: number | undefined, places: number): number {
  if (usualMs === undefined) return 0
  const perPlace = Math.floor(MAX_WAITING_MS / Math.max(usualMs, LEAST_TASK_MS))
  // One alone would not save a write: its claim is a write, as that of the place would be.
  return perPlace < 2 ? 0 : Math.min(perPlace * places, MAX_CLAIMS_AHEAD)
}
