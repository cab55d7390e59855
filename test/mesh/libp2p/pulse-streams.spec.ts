import assert from 'node:assert/strict'
import type { Libp2pMesh } from '../../../src/mesh/libp2p/libp2p-mesh.ts'
import { PulseStreams } from '../../../src/mesh/libp2p/pulse-streams.ts'
import { eventually } from '../../support/eventually.ts'
import { startPeers, stopPeers } from '../support/libp2p-peers.ts'
import { introduce, isFullMesh } from '../support/mesh-helpers.ts'

const PROTOCOL = '/test/pulse'

describe('beats among libp2p peers', () => {
  afterEach(stopPeers)

  it('go both ways on one stream, however many there are', async () => {
    const { low, high } = await setUp()
    high.streams.beat(low.peer)
    low.streams.beat(high.peer)
    await eventually(() => high.heard.length === 1)
    for (let count = 0; count < 3; count++) {
      const [atLow, atHigh] = [low.heard.length, high.heard.length]
      low.streams.beat(high.peer)
      high.streams.beat(low.peer)
      await eventually(() => low.heard.length > atLow && high.heard.length > atHigh)
    }
    assert.deepEqual(new Set(low.heard), new Set([high.peer]))
    assert.equal(openStreams(low.mesh).length, 1)
  })

  it('go on after their stream has ended', async () => {
    const { low, high } = await setUp()
    low.streams.beat(high.peer)
    await eventually(() => high.heard.length === 1)
    for (const stream of openStreams(high.mesh)) stream.abort(new Error('the stream died'))
    await eventually(() => {
      low.streams.beat(high.peer)
      return high.heard.length > 1
    })
  })

  it('are not heard from who is no member', async () => {
    const { low, high, members } = await setUp()
    members.clear()
    low.streams.beat(high.peer)
    await eventually(() => high.refused > 0)
    assert.deepEqual([high.heard, openStreams(high.mesh)], [[], []])
  })
})

async function setUp() {
  const meshes = (await startPeers(2)) as [Libp2pMesh, Libp2pMesh]
  introduce(...meshes)
  await eventually(() => isFullMesh(...meshes))
  const members = new Set(meshes.map(({ peer }) => peer))
  const sides = await Promise.all(meshes.map(mesh => beating(mesh, members)))
  const [low, high] = sides.toSorted((one, other) => (one.peer < other.peer ? -1 : 1)) as [Side, Side]
  return { low, high, members }
}

type Side = Awaited<ReturnType<typeof beating>>

async function beating(mesh: Libp2pMesh, members: ReadonlySet<string>) {
  const { peer, node } = mesh
  assert.ok(node)
  const side = { mesh, peer, heard: [] as string[], refused: 0 }
  const isMember = (other: string) => {
    if (!members.has(other)) side.refused++
    return members.has(other)
  }
  const streams = new PulseStreams({
    self: peer,
    node,
    protocol: PROTOCOL,
    isMember,
    onBeat: from => void side.heard.push(from),
  })
  await streams.start()
  return Object.assign(side, { streams })
}

function openStreams(mesh: Libp2pMesh) {
  const streams = mesh.node?.getConnections().flatMap(connection => connection.streams) ?? []
  return streams.filter(({ protocol, status }) => protocol === PROTOCOL && status === 'open')
}
