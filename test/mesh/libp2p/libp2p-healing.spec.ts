import assert from 'node:assert/strict'
import { peerIdFromString } from '@libp2p/peer-id'
import { LOCAL_PACING } from '../../../src/mesh/libp2p/dial-loop.ts'
import type { Libp2pMesh } from '../../../src/mesh/libp2p/libp2p-mesh.ts'
import { PULSE_EVERY_MS, PULSE_MISSES } from '../../../src/mesh/libp2p/pulse.ts'
import { eventually } from '../../support/eventually.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { publishUntil } from '../mesh.contract.ts'
import { makeIdentity, startPeer, startPeers, stopPeers } from '../support/libp2p-peers.ts'
import { hintsAt, introduce, isFullMesh, memberOf } from '../support/mesh-helpers.ts'

/** Short, for the tests' sake. */
const watchdog = { patienceMs: 1000, maxPatienceMs: 2000 }

const SHORT = { ...LOCAL_PACING, headStartMs: 200 }

describe('healing of the libp2p mesh', () => {
  afterEach(stopPeers)

  it('dials again after a connection was cut', async () => {
    const [anna, bert] = (await startPeers(2, { watchdog })) as [Libp2pMesh, Libp2pMesh]
    introduce(anna, bert)
    await eventually(() => isFullMesh(anna, bert))
    const told = comings(bert, anna.peer)
    for (const connection of anna.node?.getConnections() ?? []) connection.abort(new Error('cut'))
    await eventually(() => told.join('') === '-+')
    await eventually(() => isFullMesh(anna, bert))
    const atBert = hintsAt(bert)
    await publishUntil(anna, () => atBert.length > 0)
  })

  it('finds a peer again that was away and comes back on the same port', async () => {
    const identity = await makeIdentity()
    const [anna, carl] = (await startPeers(2, { pacing: SHORT })) as [Libp2pMesh, Libp2pMesh]
    const first = await startPeer({ identity })
    const listen = first.addrs().map(addr => addr.replace(/\/p2p\/.*/, ''))
    introduce(anna, carl, first)
    await eventually(() => isFullMesh(anna, carl, first))
    await first.stop()
    await eventually(() => anna.connected().length === 1 && carl.connected().length === 1)
    const second = await startPeer({ identity, listen })
    // Only the ledger's list: the others dial the known address, whether the newcomer dials or not.
    second.setMembers([anna, carl].map(mesh => ({ ...memberOf(mesh), addrs: [] })))
    await eventually(() => isFullMesh(anna, carl, second))
    const atSecond = hintsAt(second)
    await publishUntil(anna, () => atSecond.length > 0)
  })

  it('revives gossip when its stream dies while the connection lives', async () => {
    const [anna, bert] = (await startPeers(2, { watchdog })) as [Libp2pMesh, Libp2pMesh]
    const atBert = hintsAt(bert)
    introduce(anna, bert)
    await publishUntil(anna, () => atBert.length > 0)
    const streams = gossipStreams(anna)
    assert.ok(streams.length > 0)
    for (const stream of streams) stream.abort(new Error('the stream died'))
    assert.ok(isFullMesh(anna, bert), 'the connection lives')
    // A hint of its own: of those before, some may still be on their way.
    await eventually(() => {
      anna.publish({ kind: 'stopping', run: 'said after the stream died' })
      return atBert.some(({ hint }) => hint.kind === 'stopping')
    })
  })

  it('works with two connections after both peers dialled at once, and with one of them cut', async () => {
    const pacing = { ...LOCAL_PACING, headStartMs: 0 }
    const [anna, bert] = (await startPeers(2, { watchdog, pacing })) as [Libp2pMesh, Libp2pMesh]
    const told = comings(anna, bert.peer)
    const atBert = hintsAt(bert)
    introduce(anna, bert)
    await eventually(() => isFullMesh(anna, bert) && anna.metrics().connections === 2)
    await publishUntil(anna, () => atBert.length > 0)
    assert.deepEqual(told, ['+'])
    const ids = atBert.map(({ hint }) => (hint.kind === 'claimed' ? hint.epoch : -1))
    assert.equal(new Set(ids).size, ids.length, 'a hint arrived twice')
    const [first] = anna.node?.getConnections() ?? []
    first?.abort(new Error('cut'))
    const before = atBert.length
    await publishUntil(anna, () => atBert.length > before)
  })

  it('cuts the connection to a peer that is silent, and never one to a peer that is heard', async () => {
    const [clock, frozen] = [new ManualClock(), new ManualClock()]
    const [anna, bert] = await Promise.all([startPeer({ clock }), startPeer({ clock: frozen })])
    introduce(anna, bert)
    await eventually(() => isFullMesh(anna, bert))
    const told = comings(anna, bert.peer)
    // What was sent before a ping has arrived when it is answered.
    const answer = () => anna.node?.services.ping.ping(peerIdFromString(bert.peer))
    const silentForMs = 10 * PULSE_MISSES * PULSE_EVERY_MS
    for (let ms = 0; ms < silentForMs; ms += 1000) {
      await Promise.all([clock.advance(1000), frozen.advance(1000)])
      await answer()
    }
    assert.deepEqual(told, [])
    for (let ms = 0; ms < silentForMs && told.length === 0; ms += 1000) await clock.advance(1000)
    await eventually(() => told[0] === '-')
  })

  it('answers several who ask at once whether it is alive', async () => {
    const [anna, bert] = (await startPeers(2)) as [Libp2pMesh, Libp2pMesh]
    introduce(anna, bert)
    await eventually(() => isFullMesh(anna, bert))
    const ping = () => anna.node?.services.ping.ping(peerIdFromString(bert.peer))
    await Promise.all([ping(), ping(), ping()])
  })

  it('carries hints around a link that cannot be made', async () => {
    // Nobody can dial these two, and the addresses are all that the others, and the DHT, ever learn of them.
    const hidden = { announce: ['/ip4/127.0.0.1/tcp/1'], pacing: SHORT }
    const [anna, bert, carl] = await Promise.all([startPeer(hidden), startPeer(), startPeer(hidden)])
    const atCarl = hintsAt(carl)
    introduce(anna, bert, carl)
    await eventually(() => isFullMesh(anna, bert) && isFullMesh(bert, carl))
    await publishUntil(anna, () => atCarl.length > 0)
    assert.equal(atCarl[0]?.from, anna.peer)
    assert.deepEqual(anna.connected(), [bert.peer])
  })
})

/** `+` for every coming and `-` for every going of `peer`, as `mesh` tells it. */
function comings(mesh: Libp2pMesh, peer: string): string[] {
  const told: string[] = []
  mesh.on('connected', who => who === peer && told.push('+'))
  mesh.on('disconnected', who => who === peer && told.push('-'))
  return told
}

function gossipStreams(mesh: Libp2pMesh) {
  const connections = mesh.node?.getConnections() ?? []
  const streams = connections.flatMap(connection => connection.streams)
  return streams.filter(({ protocol, direction }) => protocol.startsWith('/meshsub/') && direction === 'outbound')
}
