/** The last hints of a peer that leaves. libp2p closes without flushing: an answer from a peer shows that all before it has arrived there. */
import { peerIdFromString } from '@libp2p/peer-id'
import type { Clock } from '../../core/clock.ts'
import type { MeshNode } from './libp2p-options.ts'

/** The peer leaves after this time, whatever has not been answered. */
const FAREWELL_MS = 500

export interface FarewellParts {
  clock: Clock
  /** Sends what is queued; resolves when it was handed to libp2p. */
  sendLast: () => Promise<void>
  /** Undefined when it did not start. */
  node: Pick<MeshNode, 'services'> | undefined
  /** Peer ids of those who are connected. */
  peers: () => readonly string[]
}

export async function sayFarewell({ clock, sendLast, node, peers }: FarewellParts): Promise<void> {
  const enough = new AbortController()
  const { signal } = enough
  const hearFromAll = async () => {
    if (node === undefined) return
    const { ping } = node.services
    await Promise.allSettled(peers().map(peer => ping.ping(peerIdFromString(peer), { signal })))
  }
  await Promise.race([sendLast().then(hearFromAll), clock.sleep(FAREWELL_MS, signal)])
  enough.abort()
}
