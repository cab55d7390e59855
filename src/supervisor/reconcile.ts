/**
 * Tasks that the ledger says are ours and that we do not run (H19): a claim whose answer got lost, a fault of ours. Such a task
 * would wait for this session's death. One that is seen twice in a row, so that it is not just on its way, is given back.
 */
import { isSameClaim } from '../lease/fence.ts'
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

/** More are not remembered: whatever is given back then counts as begun. */
export const MAX_UNRECORDED = 1000

/**
 * Exclusive tasks whose body began here and of which nothing was recorded, as far as is known, not even that they were given back: the ledger may have
 * them as held by this peer still, and they may not begin again. Any other stray has begun nowhere, since only the peer that holds a claim begins it.
 */
export class Unrecorded {
  readonly #claims: Claim[] = []
  #isFull = false

  note(claim: Claim): void {
    if (this.#claims.length < MAX_UNRECORDED) this.#claims.push(claim)
    else this.#isFull = true
  }

  mayHold(claim: Claim): boolean {
    return this.#isFull || this.#claims.some(one => isSameClaim(one, claim))
  }
}
