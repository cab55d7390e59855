/**
 * Which of two peers dials the other first, so that both seldom do. Decided from what the ledger says of both, so that both decide
 * alike: the later session, because it knows of the earlier one when it starts, and not the other way round.
 */
import type { Member } from '../mesh.ts'

/**
 * True when `self` is to dial `other` at once. Who tells no address cannot be dialled and waits for nobody. `self` is undefined while
 * the ledger's list does not name this peer: then nobody else can be expected to dial it.
 */
export function hasFirstTurn(self: Member | undefined, other: Member): boolean {
  if (self === undefined || self.addrs.length === 0) return true
  return self.since === other.since ? self.session > other.session : self.since > other.since
}
