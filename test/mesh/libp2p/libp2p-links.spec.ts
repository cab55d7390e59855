/** How many connections a mesh makes, and who makes them. */
import assert from 'node:assert/strict'
import { LOCAL_PACING } from '../../../src/mesh/libp2p/dial-loop.ts'
import type { Libp2pMesh } from '../../../src/mesh/libp2p/libp2p-mesh.ts'
import { eventually } from '../../support/eventually.ts'
import { startPeer, startPeers, stopPeers } from '../support/libp2p-peers.ts'
import { introduce, isFullMesh, memberOf } from '../support/mesh-helpers.ts'

/** Who is to wait waits for longer than any test. */
const PATIENT = { ...LOCAL_PACING, headStartMs: 3_600_000 }

describe('links of the libp2p mesh', () => {
  afterEach(stopPeers)

  it('are one for each pair, when all start at once', async () => {
    const meshes = await startPeers(6, { pacing: PATIENT })
    introduce(...meshes)
    await eventually(() => isFullMesh(...meshes), 15_000)
    assert.deepEqual(
      meshes.map(mesh => mesh.metrics().connections),
      meshes.map(() => 5),
    )
  })

  it('are made by the later of two sessions', async () => {
    const [early, late] = (await startPeers(2, { pacing: PATIENT })) as [Libp2pMesh, Libp2pMesh]
    const members = [
      { ...memberOf(early), since: 1 },
      { ...memberOf(late), since: 2 },
    ]
    for (const mesh of [early, late]) mesh.setMembers(members)
    await eventually(() => isFullMesh(early, late))
    assert.deepEqual(directions(late), ['outbound'])
  })

  it('are made by the earlier one, a little later, when the later one cannot reach it', async () => {
    const hidden = await startPeer({
      announce: ['/ip4/127.0.0.1/tcp/1'],
      pacing: { ...LOCAL_PACING, headStartMs: 200 },
    })
    const late = await startPeer({ pacing: PATIENT })
    const members = [
      { ...memberOf(hidden), since: 1 },
      { ...memberOf(late), since: 2 },
    ]
    for (const mesh of [hidden, late]) mesh.setMembers(members)
    await eventually(() => isFullMesh(hidden, late))
    assert.deepEqual(directions(hidden), ['outbound'])
  })

  it('cost a newcomer one handshake, although the others have to read of it first', async () => {
    const [host, newcomer] = (await startPeers(2, { pacing: PATIENT })) as [Libp2pMesh, Libp2pMesh]
    const members = [memberOf(host), { ...memberOf(newcomer), since: 1 }]
    host.on('unknown', () => host.setMembers(members))
    let closed = 0
    newcomer.node?.addEventListener('connection:close', () => closed++)
    newcomer.setMembers(members)
    await eventually(() => isFullMesh(host, newcomer))
    assert.equal(closed, 0)
  })
})

function directions(mesh: Libp2pMesh): string[] {
  return mesh.node?.getConnections().map(({ direction }) => direction) ?? []
}
