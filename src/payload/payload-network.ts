/** What the payload room asks of the mesh; `node/` hands the mesh in. Peer ids throughout. */
import type { Duplex } from 'node:stream'

export interface PayloadStream {
  /** The other side, proven by the connection. */
  peer: string
  /** IP address at which it is connected; null when unknown. */
  host: string | null
  duplex: Duplex
}

export interface PayloadNetwork {
  /** This peer. */
  readonly peer: string
  /** Peers with an open connection. */
  connected(): string[]
  serve(name: string, onStream: (stream: PayloadStream) => void): () => void
  openStream(peer: string, name: string, signal: AbortSignal): Promise<PayloadStream>
  /** Tells the mesh that this peer holds a payload. Never throws. */
  provide(hash: string): Promise<void>
  /** Who else said so. Never throws; ends when nobody else is found, or `signal` aborts. */
  findProviders(hash: string, signal: AbortSignal): AsyncIterable<string>
}
