import assert from 'node:assert/strict'
import type { Libp2pMesh } from '../../../src/mesh/libp2p/libp2p-mesh.ts'
import type { Libp2pMeshOptions } from '../../../src/mesh/libp2p/mesh-options.ts'
import { eventually } from '../../support/eventually.ts'
import { publishUntil } from '../mesh.contract.ts'
import { startPeers, stopPeers } from '../support/libp2p-peers.ts'
import { hintsAt, memberOf } from '../support/mesh-helpers.ts'

/** Gossipsub punishes more than ten peers on one address; from fifteen on it neither sends to them nor hears them. */
const CROWD = 16

describe('a crowd of libp2p peers on one address', () => {
  afterEach(stopPeers)

  it('hears one peer, and is heard by it', async () => {
    const { hub, crowd } = await gather()
    const arrived = crowd.map(hintsAt)
    await publishUntil(hub, () => arrived.every(hints => hints.length > 0))
    const atHub = hintsAt(hub)
    for (const mesh of crowd) mesh.publish({ kind: 'members' })
    await eventually(() => crowd.every(({ peer }) => atHub.some(({ from }) => from === peer)))
  })

  it('would hear nothing with the score that gossipsub gives to addresses', async () => {
    const { hub, crowd } = await gather({ gossipOverrides: { scoreParams: {} } })
    await eventually(() => crowd.every(({ peer }) => scoreOf(hub, peer) < -80))
    const arrived = crowd.map(hintsAt)
    const before = hub.metrics().publishedToNobody
    await publishUntil(hub, () => hub.metrics().publishedToNobody > before)
    assert.ok(arrived.every(hints => hints.length === 0))
  })
})

/** All are connected to the hub, and not among each other: that is a sixteenth of the handshakes, and the hub meets the crowd all the same. */
async function gather(options: Partial<Libp2pMeshOptions> = {}): Promise<{ hub: Libp2pMesh; crowd: Libp2pMesh[] }> {
  const [hub, ...crowd] = (await startPeers(CROWD + 1, options)) as [Libp2pMesh, ...Libp2pMesh[]]
  hub.setMembers(crowd.map(memberOf))
  for (const mesh of crowd) mesh.setMembers([memberOf(hub)])
  await eventually(() => hub.connected().length === CROWD && crowd.every(mesh => mesh.connected().length === 1))
  return { hub, crowd }
}

function scoreOf(mesh: Libp2pMesh, peer: string): number {
  const gossip = mesh.node?.services.gossip as unknown as { getScore: (peer: string) => number }
  return gossip.getScore(peer)
}
