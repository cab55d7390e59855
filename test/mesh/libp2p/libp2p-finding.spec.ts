import assert from 'node:assert/strict'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Member } from '../../../src/mesh/mesh.ts'
import type { Libp2pMesh } from '../../../src/mesh/libp2p/libp2p-mesh.ts'
import { eventually } from '../../support/eventually.ts'
import { publishUntil } from '../mesh.contract.ts'
import { startPeer, startPeers, stopPeers } from '../support/libp2p-peers.ts'
import { hintsAt, introduce, isFullMesh, memberOf } from '../support/mesh-helpers.ts'

describe('finding peers through others', () => {
  afterEach(stopPeers)

  it('finds members when the one whose address is known starts last', async () => {
    const spare = await startPeer()
    const listen = spare.addrs().map(addr => addr.replace(/\/p2p\/.*/, ''))
    await spare.stop()
    const guests = await startPeers(2, { join: listen })
    for (const mesh of guests) mesh.setMembers(guests.map(withoutAddrs))
    // Their first look around finds nobody.
    const hub = await startPeer({ listen })
    const all = [hub, ...guests]
    for (const mesh of all) mesh.setMembers(all.map(withoutAddrs))
    await eventually(() => isFullMesh(...all), 15_000)
  })

  it('finds a member again after a cut when the addresses in the ledger lead nowhere', async () => {
    const [anna, bert, carl] = (await startPeers(3)) as [Libp2pMesh, Libp2pMesh, Libp2pMesh]
    const wrong = (mesh: Libp2pMesh) => ({ ...memberOf(mesh), addrs: ['/ip4/127.0.0.1/tcp/1'] })
    for (const mesh of [anna, bert, carl]) mesh.setMembers([wrong(anna), memberOf(bert), wrong(carl)])
    await eventually(() => isFullMesh(anna, bert, carl), 15_000)
    for (let round = 0; round < 2; round++) {
      for (const connection of anna.node?.getConnections(peerIdFromString(carl.peer)) ?? []) {
        connection.abort(new Error('cut'))
      }
      await eventually(() => !anna.connected().includes(carl.peer) && !carl.connected().includes(anna.peer))
      await eventually(() => isFullMesh(anna, bert, carl), 15_000)
    }
  })

  it('finds holders and members over connections that have been open for a day', async () => {
    const [anna, bert, carl] = (await startPeers(3)) as [Libp2pMesh, Libp2pMesh, Libp2pMesh]
    introduce(anna, bert, carl)
    await eventually(() => isFullMesh(anna, bert, carl))
    await anna.provide(HASH)
    await eventually(async () => (await providersAt(carl)).length === 1)
    const now = Date.now
    Date.now = () => now() + 25 * 3_600_000
    try {
      const known = await carl.node?.peerStore.get(peerIdFromString(anna.peer))
      assert.notEqual(known?.addresses.length, 0)
      await bert.provide(HASH)
      await eventually(async () => (await providersAt(carl)).length === 2)
    } finally {
      Date.now = now
    }
  })

  it('serves a peer that nobody can dial: connected, hints both ways, its payloads found', async () => {
    const inside = await startPeer({ listen: [] })
    const [anna, bert] = (await startPeers(2)) as [Libp2pMesh, Libp2pMesh]
    assert.deepEqual(inside.addrs(), [])
    introduce(inside, anna, bert)
    await eventually(() => isFullMesh(inside, anna, bert), 15_000)
    const [atInside, atAnna] = [hintsAt(inside), hintsAt(anna)]
    await publishUntil(bert, () => atInside.length > 0)
    await publishUntil(inside, () => atAnna.some(({ from }) => from === inside.peer))
    await inside.provide(HASH)
    await eventually(async () => (await providersAt(anna)).includes(inside.peer))
    await anna.provide(HASH)
    await eventually(async () => (await providersAt(inside)).includes(anna.peer))
  })
})

const HASH = '5e'.repeat(32)

function providersAt(mesh: Libp2pMesh): Promise<string[]> {
  return Array.fromAsync(mesh.findProviders(HASH, new AbortController().signal))
}

function withoutAddrs(mesh: Libp2pMesh): Member {
  return { ...memberOf(mesh), addrs: [] }
}
