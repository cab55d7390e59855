/**
 * The connections from outside that are still in their handshake. When there are too many, the one that came first is closed: an
 * honest handshake takes milliseconds, so somebody who opens sockets and says nothing pushes out his own, and members get in
 * meanwhile. (libp2p alone would turn away whoever comes next.)
 */
import type { MultiaddrConnection } from '@libp2p/interface'
import { MAX_PENDING_CONNECTIONS } from '../mesh-limits.ts'

export type Arrival = Pick<MultiaddrConnection, 'abort' | 'addEventListener'>

export class Entrance {
  readonly #maxPending: number
  /** The one that came first is first. */
  readonly #pending = new Set<Arrival>()

  constructor(maxPending = MAX_PENDING_CONNECTIONS) {
    this.#maxPending = maxPending
  }

  get pending(): number {
    return this.#pending.size
  }

  arrived(arrival: Arrival): void {
    arrival.addEventListener('close', () => this.#pending.delete(arrival), { once: true })
    this.#pending.add(arrival)
    const [first] = this.#pending
    if (this.#pending.size <= this.#maxPending || first === undefined) return
    this.#pending.delete(first)
    first.abort(new Error('too many connections in their handshake'))
  }

  /** The handshake is over, well or badly. */
  passed(arrival: Arrival): void {
    this.#pending.delete(arrival)
  }
}
