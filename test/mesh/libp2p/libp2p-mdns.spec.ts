import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { Libp2pMesh } from '../../../src/mesh/libp2p/libp2p-mesh.ts'
import { eventually } from '../../support/eventually.ts'
import { startPeers, startPeer, stopPeers } from '../support/libp2p-peers.ts'
import { isFullMesh, memberOf } from '../support/mesh-helpers.ts'

describe('libp2p mesh with mdns', () => {
  before(async function () {
    if (!(await multicastWorks())) {
      process.stdout.write('    multicast does not work here: finding peers by mdns is not tested\n')
      this.skip()
    }
  })
  afterEach(stopPeers)

  it('finds a member whose addresses are not in the ledger, and tells of a foreign peer once', async () => {
    const [anna, bert] = (await startPeers(2, { mdns: true })) as [Libp2pMesh, Libp2pMesh]
    const other = await startPeer({ mdns: true, incarnation: 'another' })
    const foreign: string[] = []
    anna.on('foreign', ({ peer }) => foreign.push(peer))
    const withoutAddrs = [anna, bert].map(mesh => ({ ...memberOf(mesh), addrs: [] }))
    for (const mesh of [anna, bert]) mesh.setMembers(withoutAddrs)
    await eventually(() => isFullMesh(anna, bert), 15_000)
    await eventually(() => foreign.includes(other.peer), 15_000)
    assert.deepEqual(
      foreign.filter(peer => peer === other.peer || peer === bert.peer),
      [other.peer],
    )
  })
})

/** Sends itself a datagram over the group that mdns uses, on a port of its own. */
async function multicastWorks(): Promise<boolean> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  try {
    socket.bind(0)
    await once(socket, 'listening')
    socket.addMembership('224.0.0.251')
    const heard = once(socket, 'message', { signal: AbortSignal.timeout(1000) })
    socket.send('hello', socket.address().port, '224.0.0.251')
    await heard
    return true
  } catch {
    return false
  } finally {
    socket.close()
  }
}
