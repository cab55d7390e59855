/**
 * The beats of `pulse.ts` on the wire: one stream between two peers, kept open, on which each sends a byte now and then. The lower peer id
 * opens it, and opens it again at its next beat when it has ended. (libp2p's own ping opens a stream for every answer.) Owned by the mesh.
 */
import type { Connection, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { MAX_PULSE_STREAMS } from '../mesh-limits.ts'
import type { MeshNode } from './libp2p-options.ts'

export interface PulseStreamsOptions {
  /** Own peer id. */
  self: string
  node: Pick<MeshNode, 'getConnections' | 'handle'>
  protocol: string
  isMember: (peer: string) => boolean
  onBeat: (peer: string) => void
}

/** What a beat says does not matter. */
const BEAT = Uint8Array.of(1)

export class PulseStreams {
  readonly #options: PulseStreamsOptions
  readonly #streams = new Map<string, Stream>()
  readonly #opening = new Set<string>()
  readonly #stopping = new AbortController()

  constructor(options: PulseStreamsOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { node, protocol, isMember } = this.#options
    const accept = (stream: Stream, { remotePeer }: Connection) => {
      const peer = remotePeer.toString()
      if (isMember(peer)) this.#keep(peer, stream)
      else stream.abort(new Error('not a member'))
    }
    await node.handle(protocol, accept, { maxInboundStreams: MAX_PULSE_STREAMS, maxOutboundStreams: MAX_PULSE_STREAMS })
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
    const { node, protocol } = this.#options
    const connection = node.getConnections(peerIdFromString(peer)).find(({ status }) => status === 'open')
    if (connection === undefined) return
    this.#opening.add(peer)
    try {
      const stream = await connection.newStream(protocol, {
        signal: this.#stopping.signal,
        maxOutboundStreams: MAX_PULSE_STREAMS,
      })
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
