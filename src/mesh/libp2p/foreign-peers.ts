/**
 * Peers seen on this network that are not members. One that has just started may become a member in a moment, so a peer counts as
 * foreign only when it is still unknown some time later; then it is told once. Who was a member before is none: it was buried or evicted, and
 * its process does not know it yet.
 */
import { MAX_FOREIGN_PEERS } from '../mesh-limits.ts'

/** A new peer registers its session before it listens; ours is the list that may be old. */
export const FOREIGN_AFTER_MS = 3000
/** Who was not seen for this long has gone: several times the pause between two questions by mdns. */
export const FOREIGN_FOR_MS = 60_000

export interface ForeignPeer {
  peer: string
  addrs: string[]
}

interface Sighting extends ForeignPeer {
  sinceMs: number
  seenMs: number
  isTold: boolean
}

export class ForeignPeers {
  readonly #sightings = new Map<string, Sighting>()
  /** Peer ids of former members. */
  readonly #former = new Set<string>()

  /** True when this peer is seen for the first time. */
  seen({ peer, addrs }: ForeignPeer, nowMs: number): boolean {
    const known = this.#sightings.get(peer)
    if (known !== undefined) {
      known.seenMs = nowMs
      return false
    }
    this.#sightings.set(peer, { peer, addrs, sinceMs: nowMs, seenMs: nowMs, isTold: false })
    bound(this.#sightings)
    return true
  }

  /** These (peer ids) are members no more. */
  wereMembers(peers: readonly string[]): void {
    for (const peer of peers) this.#former.add(peer)
    bound(this.#former)
  }

  /** How many were told and are still there. */
  count(nowMs: number): number {
    return Array.from(this.#sightings.values()).filter(
      ({ isTold, seenMs }) => isTold && nowMs - seenMs < FOREIGN_FOR_MS,
    ).length
  }

  /** Those that count as foreign since now. Members are forgotten. */
  settled(nowMs: number, isMember: (peer: string) => boolean): ForeignPeer[] {
    const settled: ForeignPeer[] = []
    for (const sighting of this.#sightings.values()) {
      const { peer, addrs, sinceMs, isTold } = sighting
      if (isMember(peer)) this.#sightings.delete(peer)
      else if (!isTold && !this.#former.has(peer) && nowMs - sinceMs >= FOREIGN_AFTER_MS) {
        sighting.isTold = true
        settled.push({ peer, addrs })
      }
    }
    return settled
  }
}

/** The oldest go. */
function bound(known: Map<string, unknown> | Set<string>): void {
  for (const oldest of known.keys()) {
    if (known.size <= MAX_FOREIGN_PEERS) return
    known.delete(oldest)
  }
}
