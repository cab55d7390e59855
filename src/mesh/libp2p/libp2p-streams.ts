/** Streams of other rooms on the connections of the mesh: who serves which name, and opening them. The mesh owns it. */
import type { Connection, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { LightflowError } from '../../core/errors.ts'
import { MAX_STREAMS_PER_PROTOCOL } from '../mesh-limits.ts'
import type { PeerStream, PeerStreams } from '../mesh.ts'
import type { MeshNode } from './libp2p-options.ts'
import { protocolId } from './mesh-names.ts'
import { toDuplex } from './stream-duplex.ts'

export interface Libp2pStreamsOptions {
  incarnation: string
  /** Undefined while the mesh does not run. */
  node: () => Pick<MeshNode, 'dial' | 'handle' | 'unhandle'> | undefined
  isMember: (peer: string) => boolean
}

export class Libp2pStreams implements PeerStreams {
  readonly #options: Libp2pStreamsOptions
  readonly #served = new Map<string, (stream: PeerStream) => void>()

  constructor(options: Libp2pStreamsOptions) {
    this.#options = options
  }

  /** The node runs: what was asked for before is served from now on. */
  async start(): Promise<void> {
    await Promise.all(Array.from(this.#served.keys(), name => this.#handle(name)))
  }

  serve(name: string, onStream: (stream: PeerStream) => void): () => void {
    this.#served.set(name, onStream)
    void this.#handle(name)
    return () => {
      this.#served.delete(name)
      void this.#options.node()?.unhandle(this.#protocol(name))
    }
  }

  async openStream(peer: string, name: string, signal: AbortSignal): Promise<PeerStream> {
    try {
      const node = this.#options.node()
      if (node === undefined || !this.#options.isMember(peer)) throw new Error('it is no member of the mesh')
      const connection = await node.dial(peerIdFromString(peer), { signal })
      const limits = { maxOutboundStreams: MAX_STREAMS_PER_PROTOCOL }
      const stream = await connection.newStream(this.#protocol(name), { signal, ...limits })
      return { peer, host: hostOf(connection), duplex: toDuplex(stream) }
    } catch (cause) {
      throw new LightflowError('LF_PEER_UNREACHABLE', `The peer ${peer} cannot be reached.`, {
        hint: 'See `lf mesh status` for who is connected; peers need a way to each other on the port that they listen on.',
        cause,
      })
    }
  }

  async #handle(name: string): Promise<void> {
    const limits = { maxInboundStreams: MAX_STREAMS_PER_PROTOCOL, maxOutboundStreams: MAX_STREAMS_PER_PROTOCOL }
    await this.#options.node()?.handle(this.#protocol(name), this.#toHandler(name), { ...limits, force: true })
  }

  #toHandler(name: string) {
    return (stream: Stream, connection: Connection): void => {
      const peer = connection.remotePeer.toString()
      const onStream = this.#served.get(name)
      if (onStream === undefined || !this.#options.isMember(peer)) stream.abort(new Error('not served'))
      else onStream({ peer, host: hostOf(connection), duplex: toDuplex(stream) })
    }
  }

  #protocol(name: string): string {
    return protocolId(this.#options.incarnation, name)
  }
}

function hostOf({ remoteAddr }: Connection): string | null {
  return remoteAddr.getComponents().find(({ name }) => name === 'ip4' || name === 'ip6')?.value ?? null
}
