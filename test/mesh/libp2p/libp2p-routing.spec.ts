import { eventually } from '../../support/eventually.ts'
import { startPeers, stopPeers } from '../support/libp2p-peers.ts'
import { isFullMesh, memberOf } from '../support/mesh-helpers.ts'
import type { Libp2pMesh } from '../../../src/mesh/libp2p/libp2p-mesh.ts'

describe('routing in the libp2p mesh', function () {
  this.timeout(40_000)
  afterEach(stopPeers)

  it('connects everybody with everybody when the address of one is all that they know', async () => {
    const meshes = (await startPeers(3)) as [Libp2pMesh, Libp2pMesh, Libp2pMesh]
    const [known, ...others] = meshes.map(memberOf)
    const members = [known!, ...others.map(member => ({ ...member, addrs: [] }))]
    for (const mesh of meshes) mesh.setMembers(members)
    await eventually(() => isFullMesh(...meshes), 30_000)
  })
})
