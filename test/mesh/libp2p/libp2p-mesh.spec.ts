import { hintTopic } from '../../../src/mesh/libp2p/mesh-names.ts'
import type { Libp2pMesh } from '../../../src/mesh/libp2p/libp2p-mesh.ts'
import { meshContract } from '../mesh.contract.ts'
import { startPeer, stopPeers } from '../support/libp2p-peers.ts'
import { INCARNATION } from '../support/mesh-helpers.ts'

describe('libp2p mesh', () => {
  meshContract({
    incarnation: INCARNATION,
    make: options => startPeer(options),
    cleanUp: stopPeers,
    async sendRaw(author, bytes) {
      await (author as Libp2pMesh).node?.services.gossip?.publish(hintTopic(INCARNATION), bytes)
    },
  })
})
