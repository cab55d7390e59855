/**
 * The beats of `pulse.ts` on the wire: one stream between two peers, kept open, on which each sends a byte now and then. The lower peer id
 * opens it, and opens it again at its next beat when it has ended. (libp2p's own ping opens a stream for every answer.) Owned by the mesh.
 */
import type { Stream } from '@libp2p/interface'
import { MAX_PULSE_STREAMS } from '../mesh-limits.ts'
import { acceptStreams, type KeptStreams, openStream } from './kept-streams.ts'

export interface PulseStreamsOptions extends Omit<KeptStreams, 'maxStreams'> {
  /** Own peer id. */
  self: string
  onBeat: (peer: string) => void
}

/** What a beat says does not matter. */
const BEAT = Uint8Array.of(1)

export class PulseStreams {
  readonly #options: PulseStreamsOptions & KeptStreams
  readonly #streams = new Map<string, Stream>()
  readonly #opening = new Set<string>()
  readonly #stopping = new AbortController()

  constructor(options: PulseStreamsOptions) {
    this.#options = { ...options, maxStreams: MAX_PULSE_STREAMS }
  }

  async start(): Promise<void> {
    await acceptStreams(this.#options, (peer, stream) => this.#keep(peer, stream))
  }

  /** Streams end with their connections. */
  stop(): void {
    this.#stopping.abort()
  }

  /** Shows the peer that this one lives. */
  beat(peer: string): void {
    const stream = this.#streams.get(peer)
    if (stream !== undefined) send(stream)
    else if (this.#options.self < peer && !this.#opening.has(peer)) void this.#open(peer)
  }

  async #open(peer: string): Promise<void> {
    this.#opening.add(peer)
    try {
      const stream = await openStream(this.#options, peer, this.#stopping.signal)
      this.#keep(peer, stream)
      send(stream)
    } catch {
      // It is tried again at the next beat; a peer that cannot be beaten to hears nothing, and cuts the connection.
    } finally {
      this.#opening.delete(peer)
    }
  }

  #keep(peer: string, stream: Stream): void {
    const before = this.#streams.get(peer)
    this.#streams.set(peer, stream)
    stream.addEventListener('message', () => this.#options.onBeat(peer))
    stream.addEventListener('close', () => {
      if (this.#streams.get(peer) === stream) this.#streams.delete(peer)
    })
    before?.abort(new Error('there is a newer one'))
  }
}

/** A stream that is just closing takes nothing any more. */
function send(stream: Stream): void {
  try {
    stream.send(BEAT)
  } catch {
    stream.abort(new Error('a beat could not be sent'))
  }
}
