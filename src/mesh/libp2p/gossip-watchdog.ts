/**
 * Looks for connections that are open and useless: the peer never introduced itself, or its gossip stream died and nobody opens it
 * again (G2, G3). Says which to cut; the dial loop then makes a new one. Pure: the time and the peers' state are told to it.
 */

export interface WatchdogOptions {
  /** A connection may be useless for this long: time enough to introduce itself and to open its streams. */
  patienceMs: number
  /** A peer whose new connections are useless too is cut ever more seldom, up to this: it may serve payloads meanwhile. */
  maxPatienceMs: number
}

export const WATCHDOG_PATIENCE: WatchdogOptions = { patienceMs: 5000, maxPatienceMs: 120_000 }

interface Suspect {
  sinceMs: number
  patienceMs: number
}

export class GossipWatchdog {
  readonly #options: WatchdogOptions
  readonly #suspects = new Map<string, Suspect>()

  constructor(options: WatchdogOptions) {
    this.#options = options
  }

  /**
   * The peers to cut now, of those in `useless`: peer ids with an open connection that does not work. `isUseful` is asked about peers
   * that were useless before; a peer without any connection is neither.
   */
  check(nowMs: number, useless: ReadonlySet<string>, isUseful: (peer: string) => boolean): string[] {
    for (const [peer, suspect] of this.#suspects) {
      if (isUseful(peer)) this.#suspects.delete(peer)
      // Not connected: a new connection gets its full time.
      else if (!useless.has(peer)) suspect.sinceMs = nowMs
    }
    return Array.from(useless).filter(peer => this.#isToCut(peer, nowMs))
  }

  /** This much time does not count: nobody could have shown that he is useful. */
  forgive(sinceMs: number): void {
    for (const suspect of this.#suspects.values()) suspect.sinceMs += sinceMs
  }

  /** Forgets peers that left. */
  forget(peers: readonly string[]): void {
    for (const peer of peers) this.#suspects.delete(peer)
  }

  #isToCut(peer: string, nowMs: number): boolean {
    const { patienceMs, maxPatienceMs } = this.#options
    const suspect = this.#suspects.get(peer)
    if (suspect === undefined) {
      this.#suspects.set(peer, { sinceMs: nowMs, patienceMs })
      return false
    }
    if (nowMs - suspect.sinceMs < suspect.patienceMs) return false
    this.#suspects.set(peer, { sinceMs: nowMs, patienceMs: Math.min(maxPatienceMs, suspect.patienceMs * 2) })
    return true
  }
}
