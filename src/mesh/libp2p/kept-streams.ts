/** Streams that stay open between two members, beside what libp2p itself keeps open: how they are taken and opened. */
import type { Connection, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { MeshNode } from './libp2p-options.ts'

export interface KeptStreams {
  node: Pick<MeshNode, 'getConnections' | 'handle'>
  protocol: string
  isMember: (peer: string) => boolean
  /** In each direction, with one peer. */
  maxStreams: number
}

/** For a peer to agree to a stream; a frozen one never does. */
const OPEN_WITHIN_MS = 5000

/** Hands over every stream that a member opens; those of others end at once. */
export async function acceptStreams(
  { node, protocol, isMember, maxStreams }: KeptStreams,
  onStream: (peer: string, stream: Stream) => void,
): Promise<void> {
  const accept = (stream: Stream, { remotePeer }: Connection): void => {
    const peer = remotePeer.toString()
    if (isMember(peer)) onStream(peer, stream)
    else stream.abort(new Error('not a member'))
  }
  await node.handle(protocol, accept, { maxInboundStreams: maxStreams, maxOutboundStreams: maxStreams })
}

/** Opens one on a connection that is open. Throws where there is none, when the peer does not agree to it in time, and when `signal` aborts. */
export async function openStream(
  { node, protocol, maxStreams }: KeptStreams,
  peer: string,
  signal: AbortSignal,
): Promise<Stream> {
  const connection = node.getConnections(peerIdFromString(peer)).find(({ status }) => status === 'open')
  if (connection === undefined) throw new Error('it is not connected')
  const stream = await connection.newStream(protocol, {
    // With a signal of ours, libp2p's own limit does not apply.
    signal: AbortSignal.any([signal, AbortSignal.timeout(OPEN_WITHIN_MS)]),
    maxOutboundStreams: maxStreams,
  })
  // Whoever tells of its end has done so already.
  if (stream.status !== 'open') throw new Error('it ended while it was opened')
  return stream
}
