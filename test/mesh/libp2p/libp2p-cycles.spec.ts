import assert from 'node:assert/strict'
import type { Libp2pMesh } from '../../../src/mesh/libp2p/libp2p-mesh.ts'
import { eventually } from '../../support/eventually.ts'
import { publishUntil } from '../mesh.contract.ts'
import { startPeers, stopPeers } from '../support/libp2p-peers.ts'
import { hintsAt, introduce, isFullMesh, memberOf } from '../support/mesh-helpers.ts'
import { openSockets } from '../support/strangers.ts'

const CYCLES = 15

describe('a libp2p mesh in which a peer comes and goes', () => {
  afterEach(stopPeers)

  it('keeps no connection and no address of it, and works as on the first day', async () => {
    const [anna, bert] = (await startPeers(2)) as [Libp2pMesh, Libp2pMesh]
    const timersBefore = timers()
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      introduce(anna, bert)
      await eventually(() => isFullMesh(anna, bert))
      for (const mesh of [anna, bert]) mesh.setMembers([memberOf(mesh)])
      await eventually(() => [anna, bert].every(mesh => mesh.connected().length === 0))
    }
    await eventually(() => openSockets() === 0)
    await eventually(async () => (await remembered(anna)) === 0)
    await eventually(() => timers() <= timersBefore + 5)
    const atBert = hintsAt(bert)
    introduce(anna, bert)
    await publishUntil(anna, () => atBert.length > 0)
    assert.equal(anna.metrics().connections, bert.metrics().connections)
  })
})

async function remembered(mesh: Libp2pMesh): Promise<number> {
  return (await mesh.node?.peerStore.all())?.length ?? 0
}

function timers(): number {
  return process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
}
