/**
 * Who holds which payload, as other peers said it: records by hash and peer, bounded per peer and in all, so that a peer that tells
 * of millions pushes out its own records and nobody else's.
 */
import { MAX_PROVIDER_RECORDS, MAX_PROVIDER_RECORDS_PER_PEER } from './mesh-limits.ts'

export interface RecordLimits {
  perPeer: number
  inAll: number
}

export class ProviderRecords<Value> {
  readonly #limits: RecordLimits
  /** By hash, then by peer id. */
  readonly #byHash = new Map<string, Map<string, Value>>()
  /** Hashes by peer id, oldest first. */
  readonly #byPeer = new Map<string, Set<string>>()
  #size = 0

  constructor(limits: RecordLimits = { perPeer: MAX_PROVIDER_RECORDS_PER_PEER, inAll: MAX_PROVIDER_RECORDS }) {
    this.#limits = limits
  }

  get size(): number {
    return this.#size
  }

  /** Beyond a limit the peer's oldest record makes room; a peer that has none is not recorded. */
  set(hash: string, peer: string, value: Value): void {
    this.delete(hash, peer)
    const own = this.#byPeer.get(peer) ?? new Set<string>()
    if (own.size >= this.#limits.perPeer || this.#size >= this.#limits.inAll) {
      const [oldest] = own
      if (oldest === undefined) return
      this.delete(oldest, peer)
    }
    own.add(hash)
    this.#byPeer.set(peer, own)
    const holders = this.#byHash.get(hash) ?? new Map<string, Value>()
    this.#byHash.set(hash, holders.set(peer, value))
    this.#size++
  }

  get(hash: string, peer: string): Value | undefined {
    return this.#byHash.get(hash)?.get(peer)
  }

  /** Peer ids and values of those who hold it. */
  holders(hash: string): [peer: string, value: Value][] {
    return Array.from(this.#byHash.get(hash) ?? [])
  }

  delete(hash: string, peer: string): void {
    const holders = this.#byHash.get(hash)
    if (holders?.delete(peer) !== true) return
    this.#size--
    if (holders.size === 0) this.#byHash.delete(hash)
    const own = this.#byPeer.get(peer)
    own?.delete(hash)
    if (own?.size === 0) this.#byPeer.delete(peer)
  }

  *all(): Generator<{ hash: string; peer: string; value: Value }> {
    for (const [hash, holders] of this.#byHash) {
      for (const [peer, value] of holders) yield { hash, peer, value }
    }
  }
}
