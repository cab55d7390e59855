/**
 * Tasks that the ledger says are ours and that we do not run (H19): a claim whose answer got lost, a fault of ours. Such a task
 * would wait for this session's death. One that is seen twice in a row, so that it is not just on its way, is given back.
 */
import type { Claim } from '../lease/records.ts'

/** Pure: `stray` are to be released now, `seen` is passed in again the next time. */
export function findStrays(
  held: readonly Claim[],
  running: ReadonlySet<string>,
  seenBefore: ReadonlySet<string>,
): { stray: Claim[]; seen: Set<string> } {
  const unknown = held.filter(({ claimId }) => !running.has(claimId))
  return {
    stray: unknown.filter(({ claimId }) => seenBefore.has(claimId)),
    seen: new Set(unknown.map(({ claimId }) => claimId)),
  }
}
