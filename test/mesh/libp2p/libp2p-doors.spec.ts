import assert from 'node:assert/strict'
import { hasCode } from '../../../src/core/errors.ts'
import { createLibp2pMesh, type Libp2pMesh } from '../../../src/mesh/libp2p/libp2p-mesh.ts'
import { eventually } from '../../support/eventually.ts'
import { makeIdentity, startPeer, startPeers, stopPeers } from '../support/libp2p-peers.ts'
import { INCARNATION, introduce, isFullMesh, memberOf } from '../support/mesh-helpers.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLog } from '../../../src/core/log.ts'
import { systemRandom } from '../../../src/core/random.ts'

describe('doors of the libp2p mesh', () => {
  afterEach(stopPeers)

  it('opens no connection to a peer that is no member, even when told to join it', async () => {
    const host = await startPeer()
    const guest = await startPeer({ join: host.addrs().map(addr => addr.replace(/\/p2p\/.*/, '')) })
    const unknown: string[] = []
    guest.on('unknown', peer => unknown.push(peer))
    host.setMembers([memberOf(host), memberOf(guest)])
    const stopWatching = neverConnected(guest)
    await eventually(() => unknown.includes(host.peer))
    assert.deepEqual(stopWatching(), [])
  })

  it('reaches a member through an address to join when its own addresses lead nowhere', async () => {
    const host = await startPeer()
    for (const join of [host.addrs(), host.addrs().map(addr => addr.replace(/\/p2p\/.*/, ''))]) {
      const guest = await startPeer({ join })
      const deadHost = { ...memberOf(host), addrs: ['/ip4/127.0.0.1/tcp/1'] }
      host.setMembers([memberOf(host), memberOf(guest)])
      guest.setMembers([deadHost, memberOf(guest)])
      await eventually(() => isFullMesh(host, guest))
      await guest.stop()
    }
  })

  it('keeps a stranger from every protocol while it tries for long', async () => {
    const [host, friend, stranger] = (await startPeers(3)) as [Libp2pMesh, Libp2pMesh, Libp2pMesh]
    introduce(host, friend)
    let tries = 0
    host.node?.addEventListener('connection:open', ({ detail }) => {
      if (detail.remotePeer.toString() === stranger.peer) tries = Number.NaN
    })
    host.on('unknown', () => tries++)
    stranger.setMembers([memberOf(host), memberOf(friend)])
    await eventually(() => tries >= 2 || Number.isNaN(tries))
    assert.ok(tries >= 2, 'a connection with the stranger opened')
    assert.deepEqual(host.connected(), [friend.peer])
    assert.deepEqual(stranger.connected(), [])
  })

  it('says which address cannot be listened on', async () => {
    const first = await startPeer()
    const taken = first.addrs().map(addr => addr.replace(/\/p2p\/.*/, ''))
    await assert.rejects(startPeer({ listen: taken }), error => hasCode(error, 'LF_MESH_ADDRESS'))
  })

  it('leaves nothing open when one of its addresses is taken', async () => {
    const first = await startPeer()
    const taken = first.addrs().map(addr => addr.replace(/\/p2p\/.*/, ''))
    const before = openServers()
    await assert.rejects(startPeer({ listen: ['/ip4/127.0.0.1/tcp/0', ...taken] }), error =>
      hasCode(error, 'LF_MESH_ADDRESS'),
    )
    await eventually(() => openServers() === before)
  })

  it('says which address is none', async () => {
    const identity = await makeIdentity()
    const options = { identity, incarnation: INCARNATION, log: silentLog, clock: systemClock, random: systemRandom }
    for (const wrong of [{ listen: ['localhost:4100'] }, { announce: ['/ip4/1'] }, { join: ['anna'] }]) {
      assert.throws(
        () => createLibp2pMesh({ ...options, ...wrong }),
        error => hasCode(error, 'LF_MESH_ADDRESS'),
      )
    }
  })

  it('encrypts its connections with Noise', async () => {
    const [anna, bert] = (await startPeers(2)) as [Libp2pMesh, Libp2pMesh]
    introduce(anna, bert)
    await eventually(() => isFullMesh(anna, bert))
    const ciphers = anna.node?.getConnections().map(({ encryption }) => encryption) ?? []
    assert.deepEqual(new Set(ciphers), new Set(['/noise']))
  })

  it('tells addresses that others can dial', async () => {
    const mesh = await startPeer()
    assert.match(mesh.addrs().join(), new RegExp(String.raw`^/ip4/127\.0\.0\.1/tcp/[1-9]\d*/p2p/${mesh.peer}$`))
    const announced = await startPeer({ announce: ['/dns4/beam.example.org/tcp/4100'] })
    assert.deepEqual(announced.addrs(), [`/dns4/beam.example.org/tcp/4100/p2p/${announced.peer}`])
  })
})

function openServers(): number {
  return process.getActiveResourcesInfo().filter(name => name === 'TCPServerWrap').length
}

function neverConnected(mesh: Libp2pMesh): () => string[] {
  const connected: string[] = []
  mesh.on('connected', peer => connected.push(peer))
  return () => connected
}
