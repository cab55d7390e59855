/** Who has no session in the ledger gets nowhere, and when it ends nothing is left of it. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type net from 'node:net'
import tls from 'node:tls'
import { multiaddr } from '@multiformats/multiaddr'
import type { Libp2pMesh } from '../../../src/mesh/libp2p/libp2p-mesh.ts'
import { MAX_PENDING_CONNECTIONS } from '../../../src/mesh/mesh-limits.ts'
import { eventually } from '../../support/eventually.ts'
import { publishUntil } from '../mesh.contract.ts'
import { startPeer, startPeers, stopPeers } from '../support/libp2p-peers.ts'
import { hintsAt, INCARNATION, introduce, isFullMesh, memberOf } from '../support/mesh-helpers.ts'
import {
  connectSocket,
  endStrangers,
  meshProtocols,
  openSocket,
  openSockets,
  portOf,
  startStranger,
} from '../support/strangers.ts'

/** Short, for the tests' sake. */
const timeouts = { addrMs: 1500, peerMs: 5000 }

const OTHER = 'another-ledger-0000'

describe('strangers at the libp2p mesh', () => {
  afterEach(async () => {
    await endStrangers()
    await stopPeers()
  })

  it('get no stream of any protocol when they dial', async () => {
    const { host, friend, unharmed } = await setUp()
    const opened: string[] = []
    host.node?.addEventListener('connection:open', ({ detail }) => opened.push(detail.remotePeer.toString()))
    const stranger = await startStranger()
    // Together: each is kept at the door for a while.
    const dials = meshProtocols(INCARNATION).map(async protocol => {
      const stream = stranger.dialProtocol(host.addrs().map(multiaddr), protocol, { negotiateFully: true })
      await assert.rejects(stream, `${protocol} was opened`)
    })
    await Promise.all(dials)
    assert.deepEqual(opened, [])
    assert.equal(await host.node?.peerStore.has(stranger.peerId), false)
    await endStrangers()
    await unharmed()
    assert.deepEqual(host.connected(), [friend.peer])
  })

  it('are not taken for the member whose address they have', async () => {
    const { host, friend, unharmed } = await setUp()
    const stranger = await startStranger()
    const absent = await startPeer()
    const impostor = { ...memberOf(absent), addrs: stranger.getMultiaddrs().map(addr => withoutPeer(String(addr))) }
    await absent.stop()
    let dials = 0
    // Closed, because it is somebody else than was dialled.
    stranger.addEventListener('connection:close', () => dials++)
    stranger.addEventListener('connection:open', () => dials++)
    host.setMembers([memberOf(host), memberOf(friend), impostor])
    await publishUntil(friend, () => host.metrics().hintsReceived > 0)
    assert.deepEqual(host.connected(), [friend.peer])
    assert.equal(host.node?.getConnections().length, friend.node?.getConnections().length)
    await unharmed()
  })

  it('of another ledger get no stream, even when the list of members names them by mistake', async () => {
    const { host, friend, unharmed } = await setUp()
    const other = await startPeer({ incarnation: OTHER })
    const atHost = hintsAt(host)
    host.setMembers([memberOf(host), memberOf(friend), memberOf(other)])
    other.setMembers([memberOf(host), memberOf(other)])
    const connection = await eventually(() =>
      other.node?.getConnections().find(({ remotePeer }) => remotePeer.toString() === host.peer),
    )
    for (const protocol of meshProtocols(OTHER).filter(name => !name.startsWith('/meshsub/'))) {
      await assert.rejects(connection.newStream(protocol, { negotiateFully: true }), `${protocol} was opened`)
    }
    for (let epoch = 0; epoch < 5; epoch++) other.publish({ kind: 'claimed', task: 'of another ledger', epoch })
    await eventually(() => other.metrics().publishedToNobody > 0)
    assert.deepEqual(
      [host.connected(), other.connected(), atHost.filter(({ from }) => from === other.peer)],
      [[friend.peer], [], []],
    )
    await other.stop()
    await unharmed()
  })

  it('that say nothing or something else are hung up on: silence, garbage, HTTP, a frame that never ends, TLS without libp2p', async () => {
    const { host, unharmed } = await setUp()
    const handshake = Buffer.concat([line('/multistream/1.0.0'), line('/noise')])
    const openings: Buffer[] = [
      Buffer.alloc(0),
      randomBytes(4096),
      Buffer.from('GET / HTTP/1.1\r\nHost: beamline\r\n\r\n'),
      Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
      Buffer.concat([line('/multistream/1.0.0'), Buffer.alloc(512 * 1024, 0x2f)]),
      line('/multistream/1.0.0'),
      handshake,
      Buffer.concat([handshake, randomBytes(64 * 1024)]),
    ]
    const ends = openings.map(async opening => {
      const socket = await connectSocket(host)
      const closed = hangUp(socket)
      socket.write(opening)
      await closed
    })
    await Promise.all([...ends, tlsWithoutLibp2p(host), tlsAfterNegotiation(host)])
    await unharmed()
  })

  it('that open 1,000 connections and say nothing are bounded and keep no member out', async () => {
    // So long that the time-out of a handshake does not help here.
    const { host, friend, unharmed } = await setUp({ timeouts: { addrMs: 60_000, peerMs: 60_000 } })
    const silent = Array.from({ length: 1000 }, () => openSocket(host))
    await eventually(() => silent.every(socket => !socket.connecting))
    // It cannot be dialled: it must come through the same door.
    const newcomer = await startPeer({ listen: [] })
    introduce(host, friend, newcomer)
    await eventually(() => isFullMesh(host, friend, newcomer), 15_000)
    await eventually(() => silent.filter(socket => !socket.closed).length <= MAX_PENDING_CONNECTIONS)
    await newcomer.stop()
    await unharmed()
  })

  async function setUp({ timeouts: chosen = timeouts } = {}) {
    const [host, friend] = (await startPeers(2, { timeouts: chosen })) as [Libp2pMesh, Libp2pMesh]
    const members = [memberOf(host), memberOf(friend)]
    introduce(host, friend)
    await eventually(() => isFullMesh(host, friend))
    const [atHost, atFriend] = [hintsAt(host), hintsAt(friend)]
    await publishUntil(host, () => atFriend.length > 0)
    const socketsBefore = openSockets()
    /** The stranger has gone: members hear each other on the connections of before, and no other socket is left. */
    async function unharmed() {
      await endStrangers()
      for (const mesh of [host, friend]) mesh.setMembers(members)
      const [before, beforeFriend] = [atHost.length, atFriend.length]
      await publishUntil(friend, () => atHost.length > before)
      await publishUntil(host, () => atFriend.length > beforeFriend)
      await eventually(() => openSockets() <= socketsBefore)
      assert.ok(isFullMesh(host, friend))
    }
    return { host, friend, unharmed }
  }
})

/** Resolves when the other end has closed the connection. */
async function hangUp(socket: net.Socket): Promise<void> {
  if (socket.closed) return
  // Not `once` of node:events: it rejects when the socket fails, which is one way to be hung up on.
  await new Promise(resolve => socket.once('close', resolve))
}

async function tlsWithoutLibp2p(host: Libp2pMesh): Promise<void> {
  const socket = tls.connect({ port: portOf(host), host: '127.0.0.1', rejectUnauthorized: false })
  socket.on('error', () => {})
  await hangUp(socket)
  assert.equal(socket.authorized, false)
}

/** Asks for what members speak, and then speaks TLS. */
async function tlsAfterNegotiation(host: Libp2pMesh): Promise<void> {
  const socket = await connectSocket(host)
  socket.write(Buffer.concat([line('/multistream/1.0.0'), line('/noise')]))
  const answer = line('/multistream/1.0.0').length + line('/noise').length
  await eventually(() => socket.bytesRead >= answer)
  const secure = tls.connect({ socket, rejectUnauthorized: false, ALPNProtocols: ['libp2p'] })
  secure.on('error', () => {})
  secure.write('hello')
  await hangUp(socket)
}

/** One message of libp2p's negotiation. */
function line(text: string): Buffer {
  const bytes = Buffer.from(`${text}\n`)
  return Buffer.concat([Buffer.of(bytes.length), bytes])
}

function withoutPeer(addr: string): string {
  return addr.replace(/\/p2p\/.*/, '')
}
