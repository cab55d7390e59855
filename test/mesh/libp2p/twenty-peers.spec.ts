/** As many peers as a large beamline starts on one host: each sees all others, and every hint reaches everybody. */
import { eventually } from '../../support/eventually.ts'
import { MemoryPeers } from '../../support/memory-peers.ts'
import { publishUntil } from '../mesh.contract.ts'
import { startPeers, stopPeers } from '../support/libp2p-peers.ts'
import { hintsAt, introduce, isFullMesh } from '../support/mesh-helpers.ts'
import { runWithLoss } from '../support/run-with-loss.ts'

const PEERS = 20

describe('twenty libp2p peers on one address', () => {
  afterEach(stopPeers)

  it('all see each other, and each hears every other', async function () {
    // In one process on a busy machine; as processes of their own they need a fraction of it.
    this.timeout(160_000)
    const meshes = await startPeers(PEERS)
    introduce(...meshes)
    await eventually(() => isFullMesh(...meshes), 100_000, 100)
    const heard = meshes.map(hintsAt)
    for (const mesh of meshes) {
      const others = heard.filter((_, index) => meshes[index] !== mesh)
      await publishUntil(mesh, () => others.every(hints => hints.some(({ from }) => from === mesh.peer)), 20_000)
    }
  })

  it('end their runs although 30 % of the hints are lost', async function () {
    this.timeout(160_000)
    const peers = new MemoryPeers()
    try {
      await runWithLoss(peers, { count: PEERS, share: 0.3, withinMs: 60_000 })
    } finally {
      await peers.close()
    }
  })
})
