/**
 * The doors of the mesh, both ways: only members pass. The peer id is certain only after the handshake, so that is where it is
 * checked; what is known not to be a member is not even dialled.
 */
import type { ConnectionGater } from '@libp2p/interface'
import type { Members } from '../members.ts'

export function meshGater(members: Pick<Members, 'has' | 'admits'>): ConnectionGater {
  return {
    denyDialPeer: peer => !members.has(peer.toString()),
    denyInboundEncryptedConnection: peer => !members.admits(peer.toString()),
    // Reached for addresses that were given without a peer id.
    denyOutboundEncryptedConnection: peer => !members.admits(peer.toString()),
  }
}
