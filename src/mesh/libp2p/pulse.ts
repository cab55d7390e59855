/**
 * Feels whether connected peers still answer, so that a cut cable is noticed long before TCP gives up and the peer is dialled anew as
 * soon as the network is back. Several misses in a row are asked for: one late answer only means that somebody is busy (G13). It says
 * nothing about life and death of a session: that is the ledger's to say.
 */
import type { Clock } from '../../core/clock.ts'

/** Between two looks at a peer; also how long one look waits for the answer. */
export const PULSE_EVERY_MS = 5000
/** Misses in a row after which the connection is given up. */
export const PULSE_MISSES = 3

export interface PulseOptions {
  clock: Clock
  /** Resolves when the peer answered, rejects when it did not before `signal` aborts. */
  ping: (peer: string, signal: AbortSignal) => Promise<unknown>
  onSilent: (peer: string) => void
}

export class Pulse {
  readonly #options: PulseOptions
  readonly #misses = new Map<string, number>()
  readonly #looking = new Set<string>()
  readonly #stopping = new AbortController()
  #lastMs = Number.NEGATIVE_INFINITY

  constructor(options: PulseOptions) {
    this.#options = options
  }

  /** Called every second or so with the peers that are connected. */
  tick(nowMs: number, peers: readonly string[]): void {
    if (nowMs - this.#lastMs < PULSE_EVERY_MS) return
    this.#lastMs = nowMs
    const connected = new Set(peers)
    for (const peer of this.#misses.keys()) if (!connected.has(peer)) this.#misses.delete(peer)
    for (const peer of peers) if (!this.#looking.has(peer)) void this.#look(peer)
  }

  stop(): void {
    this.#stopping.abort()
  }

  async #look(peer: string): Promise<void> {
    this.#looking.add(peer)
    const deadline = new AbortController()
    const timer = this.#options.clock.timer(PULSE_EVERY_MS, () => deadline.abort())
    try {
      await this.#options.ping(peer, AbortSignal.any([deadline.signal, this.#stopping.signal]))
      this.#misses.delete(peer)
    } catch {
      if (!this.#stopping.signal.aborted) this.#missed(peer)
    } finally {
      timer.cancel()
      this.#looking.delete(peer)
    }
  }

  #missed(peer: string): void {
    const misses = (this.#misses.get(peer) ?? 0) + 1
    this.#misses.set(peer, misses)
    if (misses < PULSE_MISSES) return
    this.#misses.delete(peer)
    this.#options.onSilent(peer)
  }
}
