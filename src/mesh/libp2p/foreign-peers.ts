/**
 * Peers seen on this network that are not members. One that has just started may become a member in a moment, so a peer counts as
 * foreign only when it is still unknown some time later; then it is told once.
 */
import { MAX_FOREIGN_PEERS } from '../mesh-limits.ts'

/** A new peer registers its session before it listens; ours is the list that may be old. */
export const FOREIGN_AFTER_MS = 3000

export interface ForeignPeer {
  peer: string
  addrs: string[]
}

interface Sighting extends ForeignPeer {
  sinceMs: number
  isTold: boolean
}

export class ForeignPeers {
  readonly #sightings = new Map<string, Sighting>()

  /** True when this peer is seen for the first time. */
  seen({ peer, addrs }: ForeignPeer, nowMs: number): boolean {
    if (this.#sightings.has(peer)) return false
    this.#sightings.set(peer, { peer, addrs, sinceMs: nowMs, isTold: false })
    const [oldest] = this.#sightings.keys()
    if (this.#sightings.size > MAX_FOREIGN_PEERS && oldest !== undefined) this.#sightings.delete(oldest)
    return true
  }

  /** Those that count as foreign since now. Members are forgotten. */
  settled(nowMs: number, isMember: (peer: string) => boolean): ForeignPeer[] {
    const settled: ForeignPeer[] = []
    for (const sighting of this.#sightings.values()) {
      const { peer, addrs, sinceMs, isTold } = sighting
      if (isMember(peer)) this.#sightings.delete(peer)
      else if (!isTold && nowMs - sinceMs >= FOREIGN_AFTER_MS) {
        sighting.isTold = true
        settled.push({ peer, addrs })
      }
    }
    return settled
  }
}
