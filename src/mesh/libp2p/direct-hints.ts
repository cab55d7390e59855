/**
 * Hints for one peer alone: a stream to each peer that something was told, kept open, on which messages go out at once and unsigned, since the
 * connection proves who speaks. Each peer opens its own; it ends with its connection, and the next message opens another. Owned by the mesh.
 */
import type { Stream } from '@libp2p/interface'
import { MAX_HINT_MESSAGE_BYTES } from '../../../protocols/limits.ts'
import { FrameReader, toFrame } from '../frames.ts'
import type { HintInbox } from '../hint-inbox.ts'
import { MAX_DIRECT_HINTS_WAITING, MAX_DIRECT_STREAMS } from '../mesh-limits.ts'
import { acceptStreams, type KeptStreams, openStream } from './kept-streams.ts'

export interface DirectHintsOptions extends Omit<KeptStreams, 'maxStreams'> {
  inbox: Pick<HintInbox, 'takeDirect'>
  /** True loses the message that came in. */
  loses: () => boolean
}

/** A stream that is open, or the messages that wait for it. */
type Way = { stream: Stream } | { waiting: Uint8Array[] }

export class DirectHints {
  readonly #options: DirectHintsOptions & KeptStreams
  readonly #ways = new Map<string, Way>()
  readonly #inbound = new Map<string, Stream>()
  readonly #stopping = new AbortController()

  constructor(options: DirectHintsOptions) {
    this.#options = { ...options, maxStreams: MAX_DIRECT_STREAMS }
  }

  async start(): Promise<void> {
    await acceptStreams(this.#options, (peer, stream) => this.#listen(peer, stream))
  }

  /** Streams end with their connections. */
  stop(): void {
    this.#stopping.abort()
    this.#ways.clear()
  }

  /** Sends a message, or drops it: where there is no connection, or the peer does not take what it was sent. */
  send(peer: string, message: Uint8Array): void {
    if (this.#stopping.signal.aborted) return
    const way = this.#ways.get(peer)
    if (way === undefined) void this.#open(peer, message)
    else if ('stream' in way) write(way.stream, message)
    else if (way.waiting.length < MAX_DIRECT_HINTS_WAITING) way.waiting.push(message)
  }

  async #open(peer: string, message: Uint8Array): Promise<void> {
    const way = { waiting: [message] }
    this.#ways.set(peer, way)
    try {
      const stream = await openStream(this.#options, peer, this.#stopping.signal)
      this.#keep(peer, stream)
      for (const waiting of way.waiting) write(stream, waiting)
    } catch {
      // What waited is lost, as hints may be. The next one tries anew.
      if (this.#ways.get(peer) === way) this.#ways.delete(peer)
    }
  }

  #keep(peer: string, stream: Stream): void {
    if (this.#stopping.signal.aborted) return stream.abort(new Error('the mesh is stopped'))
    const way = { stream }
    this.#ways.set(peer, way)
    stream.addEventListener('close', () => {
      if (this.#ways.get(peer) === way) this.#ways.delete(peer)
    })
  }

  #listen(peer: string, stream: Stream): void {
    const { inbox, loses } = this.#options
    const reader = new FrameReader(MAX_HINT_MESSAGE_BYTES)
    stream.addEventListener('message', ({ data }) => {
      try {
        const pieces = data instanceof Uint8Array ? [data] : Array.from(data)
        const messages = pieces.flatMap(piece => reader.push(piece)).filter(() => !loses())
        if (!messages.some(message => inbox.takeDirect(peer, message) === 'garbage')) return
      } catch {
        // A length that nobody would send.
      }
      stream.abort(new Error('these are no hints'))
    })
    stream.addEventListener('close', () => {
      if (this.#inbound.get(peer) === stream) this.#inbound.delete(peer)
    })
    const before = this.#inbound.get(peer)
    this.#inbound.set(peer, stream)
    before?.abort(new Error('there is a newer one'))
  }
}

/** What a peer does not take is not kept for it. */
function write(stream: Stream, message: Uint8Array): void {
  if (stream.writableNeedsDrain) return
  try {
    stream.send(toFrame(message))
  } catch {
    stream.abort(new Error('a hint could not be sent'))
  }
}
