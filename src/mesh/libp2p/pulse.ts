/**
 * Feels whether connected peers still answer, so that a cut cable is noticed long before TCP gives up and the peer is dialled anew as
 * soon as the network is back. Several misses in a row are asked for: one late beat only means that somebody is busy (G13). It says
 * nothing about life and death of a session: that is the ledger's to say. Pure: the time, the peers and what was heard are told to it.
 */

/** Between two looks at the peers, and between two beats to each. */
export const PULSE_EVERY_MS = 5000
/** Looks in a row at which nothing was heard since the one before; then the connection is given up. */
export const PULSE_MISSES = 3

export interface PulseOptions {
  /** Shows a peer (id) that this one is alive; must not throw. */
  beat: (peer: string) => void
  onSilent: (peer: string) => void
}

export class Pulse {
  readonly #options: PulseOptions
  /** By peer: looks in a row since it was heard. */
  readonly #misses = new Map<string, number>()
  #lastMs = Number.NEGATIVE_INFINITY

  constructor(options: PulseOptions) {
    this.#options = options
  }

  /** A beat of this peer arrived. */
  heard(peer: string): void {
    // Only who is connected is looked at.
    if (this.#misses.has(peer)) this.#misses.set(peer, -1)
  }

  /** Called every second or so with the peers that are connected. */
  tick(nowMs: number, peers: readonly string[]): void {
    if (nowMs - this.#lastMs < PULSE_EVERY_MS) return
    this.#lastMs = nowMs
    const connected = new Set(peers)
    for (const peer of this.#misses.keys()) if (!connected.has(peer)) this.#misses.delete(peer)
    for (const peer of peers) this.#look(peer)
  }

  #look(peer: string): void {
    // Seen for the first time, it could not yet have been heard.
    const misses = (this.#misses.get(peer) ?? -1) + 1
    this.#misses.set(peer, misses)
    if (misses < PULSE_MISSES) return this.#options.beat(peer)
    this.#misses.delete(peer)
    this.#options.onSilent(peer)
  }
}
