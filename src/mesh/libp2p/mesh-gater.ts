/**
 * The doors of the mesh, both ways: only members pass. The peer id is certain only after the handshake, so that is where it is
 * checked; what is known not to be a member is not even dialled. Checked once more at the end: a session may be closed meanwhile.
 */
import type { ConnectionGater, MultiaddrConnection } from '@libp2p/interface'
import type { Members } from '../members.ts'
import { Entrance } from './entrance.ts'

export function meshGater(
  members: Pick<Members, 'has' | 'admits' | 'admitsInTime'>,
  entrance = new Entrance(),
): ConnectionGater {
  return {
    denyDialPeer: peer => !members.has(peer.toString()),
    denyInboundConnection(arrival: MultiaddrConnection) {
      entrance.arrived(arrival)
      return false
    },
    denyInboundEncryptedConnection: async peer => !(await members.admitsInTime(peer.toString())),
    denyInboundUpgradedConnection(peer, arrival) {
      entrance.passed(arrival)
      return !members.has(peer.toString())
    },
    // Reached for addresses that were given without a peer id.
    denyOutboundEncryptedConnection: peer => !members.admits(peer.toString()),
    denyOutboundUpgradedConnection: peer => !members.has(peer.toString()),
  }
}
