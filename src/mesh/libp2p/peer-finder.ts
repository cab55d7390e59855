/**
 * Peer routing: asks the DHT where members are whom this peer cannot reach, for as long as they are missing. The DHT by itself looks
 * around once at the start and then every few minutes. It asks several peers and hands on every answer: some may be old.
 */
import { setMaxListeners } from 'node:events'
import type { PeerInfo } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import { MAX_PEER_SEARCHES_AT_ONCE, PEER_SEARCH_TIMEOUT_MS } from '../mesh-limits.ts'

/** A member may be missing for this long before it is looked for: most are dialled, or dial us, by then. */
const FIRST_SEARCH_AFTER_MS = 3000
/** Between two searches for the same peer; doubles with each one up to the limit. */
const SEARCH_EVERY_MS = 4000
const MAX_SEARCH_DELAY_MS = 120_000

export interface PeerFinderOptions {
  dht: Pick<KadDHT, 'getClosestPeers'>
  clock: Clock
  log: Log
  /** Somebody said where a peer is: the one that is missing, or another. */
  onTold: (peer: PeerInfo) => void
}

interface Missing {
  dueMs: number
  delayMs: number
}

export class PeerFinder {
  readonly #options: PeerFinderOptions
  readonly #missing = new Map<string, Missing>()
  readonly #searching = new Set<string>()
  readonly #stopping = new AbortController()

  constructor(options: PeerFinderOptions) {
    this.#options = options
    setMaxListeners(0, this.#stopping.signal)
  }

  /** Called every second or so with the members (peer ids) that are not connected and cannot be dialled, or were, in vain. */
  tick(nowMs: number, missing: readonly string[]): void {
    const isMissing = new Set(missing)
    for (const peer of this.#missing.keys()) if (!isMissing.has(peer)) this.#missing.delete(peer)
    for (const peer of missing) {
      if (!this.#missing.has(peer)) {
        this.#missing.set(peer, { dueMs: nowMs + FIRST_SEARCH_AFTER_MS, delayMs: SEARCH_EVERY_MS })
      }
    }
    for (const [peer, state] of this.#missing) {
      if (this.#searching.size >= MAX_PEER_SEARCHES_AT_ONCE) return
      if (state.dueMs > nowMs || this.#searching.has(peer)) continue
      state.dueMs = nowMs + state.delayMs
      state.delayMs = Math.min(MAX_SEARCH_DELAY_MS, 2 * state.delayMs)
      void this.#search(peer)
    }
  }

  stop(): void {
    this.#stopping.abort()
  }

  async #search(peer: string): Promise<void> {
    this.#searching.add(peer)
    const { clock, dht, log, onTold } = this.#options
    const late = new AbortController()
    const timer = clock.timer(PEER_SEARCH_TIMEOUT_MS, () => late.abort())
    const signal = AbortSignal.any([late.signal, this.#stopping.signal])
    setMaxListeners(0, signal)
    try {
      const key = peerIdFromString(peer).toMultihash().bytes
      for await (const event of dht.getClosestPeers(key, { signal })) {
        if (event.name === 'PEER_RESPONSE') event.closer.forEach(onTold)
      }
    } catch (error) {
      log.debug('A search for a missing peer ended early.', { peer, error })
    } finally {
      timer.cancel()
      this.#searching.delete(peer)
    }
  }
}
