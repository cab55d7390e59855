import assert from 'node:assert/strict'
import type { KadDHT } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import { withQuickPing } from '../../../src/mesh/libp2p/dht-ping.ts'
import type { Libp2pMesh } from '../../../src/mesh/libp2p/libp2p-mesh.ts'
import { eventually } from '../../support/eventually.ts'
import { makeIdentity, startPeers, stopPeers } from '../support/libp2p-peers.ts'
import { introduce, isFullMesh } from '../support/mesh-helpers.ts'

describe('the ping of the DHT', () => {
  afterEach(stopPeers)

  it('asks nobody who is connected, and everybody else', async () => {
    const [anna, bert] = await Promise.all([makeIdentity(), makeIdentity()])
    const asked: string[] = []
    const components = {
      connectionManager: {
        getConnections: (peer?: unknown) =>
          String(peer) === anna.peer ? [{ status: 'open' }] : [{ status: 'closed' }],
      },
      ping: { ping: async (peer: unknown) => asked.push(String(peer)) },
    }
    let ping: typeof components.ping | undefined
    withQuickPing((given: typeof components) => {
      ping = given.ping
      return {} as KadDHT
    })(components)
    for (const { peer } of [anna, bert]) await ping?.ping(peerIdFromString(peer))
    assert.deepEqual(asked, [bert.peer])
  })

  it('lets the DHT take in those who are connected', async () => {
    const [anna, bert] = (await startPeers(2)) as [Libp2pMesh, Libp2pMesh]
    for (const { node } of [anna, bert]) {
      Object.assign(node!.services.ping, { ping: () => Promise.reject(new Error('nobody is to be asked')) })
    }
    introduce(anna, bert)
    await eventually(() => isFullMesh(anna, bert))
    await eventually(() => [anna, bert].every(mesh => contactsOf(mesh) === 1))
  })
})

/** Peers in the routing table. */
function contactsOf(mesh: Libp2pMesh): number {
  const dht = mesh.node?.services.dht as unknown as { routingTable: { size: number } }
  return dht.routingTable.size
}
