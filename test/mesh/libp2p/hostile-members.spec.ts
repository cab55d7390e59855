/** A member that keeps no rule: it is let in, and harms nobody but itself. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { peerIdFromString } from '@libp2p/peer-id'
import { encodeHints } from '../../../protocols/hint-codec.ts'
import { type Clock, systemClock } from '../../../src/core/clock.ts'
import type { Libp2pMesh } from '../../../src/mesh/libp2p/libp2p-mesh.ts'
import { hintTopic } from '../../../src/mesh/libp2p/mesh-names.ts'
import { MAX_HINT_MESSAGES_IN_A_BURST } from '../../../src/mesh/mesh-limits.ts'
import { eventually } from '../../support/eventually.ts'
import { publishUntil } from '../mesh.contract.ts'
import { startPeer, startPeers, stopPeers } from '../support/libp2p-peers.ts'
import { hintsAt, INCARNATION, introduce, isFullMesh, memberOf, sessionOf } from '../support/mesh-helpers.ts'
import { meshProtocols } from '../support/strangers.ts'

/** Short, for the tests' sake. */
const watchdog = { patienceMs: 1000, maxPatienceMs: 2000 }

describe('a hostile member of the libp2p mesh', () => {
  /** Where the host's clock stands still; undefined when it runs. */
  let now: number | undefined
  const hostClock: Clock = { ...systemClock, monotonicMs: () => now ?? systemClock.monotonicMs() }

  afterEach(async () => {
    now = undefined
    await stopPeers()
  })

  it('brings nobody down with malformed, oversized and truncated frames on any protocol', async () => {
    const { host, friend, eve, serves } = await setUp()
    const memoryBefore = process.memoryUsage().rss
    for (const protocol of meshProtocols(INCARNATION)) {
      for (const frame of FRAMES) {
        for (const isLeftOpen of [true, false]) await sendFrame(eve, host, { protocol, frame, isLeftOpen })
      }
    }
    await serves(friend)
    await eve.stop()
    await eventually(() => host.connected().join() === friend.peer)
    await serves(friend)
    assert.ok(process.memoryUsage().rss - memoryBefore < 200 * 1024 * 1024, 'a declared length was believed')
  })

  it('is heard as itself only: what it signs for another, or for a session that it has not, is dropped', async () => {
    const { host, friend, eve, atHost, serves } = await setUp()
    const gossip = eve.node?.services.gossip as unknown as { publishConfig: { author: unknown } }
    const refusedBefore = host.metrics().hintsRefused
    await sendAs(eve, { session: sessionOf(friend), seq: 5000 })
    await eventually(() => host.metrics().hintsRefused > refusedBefore)
    // Gossip itself refuses this one: the key is not that of the author.
    const own = gossip.publishConfig
    gossip.publishConfig = { ...own, author: peerIdFromString(friend.peer) }
    await sendAs(eve, { session: sessionOf(friend), seq: 5001 })
    gossip.publishConfig = own
    await sendAs(eve, { session: sessionOf(eve), seq: 5002 })
    await eventually(() => atHost().some(run => run === 'run 5002'))
    assert.deepEqual(atHost(), ['run 5002'])
    await serves(friend)
  })

  it('is not heard with hints of a session that was buried, nor through a member that still knows it', async () => {
    const { host, friend, eve, atHost, serves } = await setUp()
    await sendAs(eve, { session: sessionOf(eve), seq: 5000 })
    await eventually(() => atHost().length === 1)
    // Buried, as the host knows: the friend has not heard of it and hands on what eve says.
    host.setMembers([memberOf(host), memberOf(friend)])
    await eventually(() => !host.connected().includes(eve.peer))
    const refusedBefore = host.metrics().hintsRefused
    await eventually(async () => {
      await sendAs(eve, { session: sessionOf(eve), seq: 6000 + host.metrics().hintsRefused })
      return host.metrics().hintsRefused > refusedBefore
    })
    assert.deepEqual(atHost(), ['run 5000'])
    assert.deepEqual(host.connected(), [friend.peer])
    await serves(friend)
  })

  it('fills no memory with topics that nobody asked for', async () => {
    const { host, friend, eve, serves } = await setUp()
    for (let index = 0; index < 500; index++) eve.node?.services.gossip?.subscribe(`topic ${index}`)
    await serves(eve)
    const gossip = host.node?.services.gossip as unknown as { topics: ReadonlyMap<string, unknown> } | undefined
    assert.deepEqual(Array.from(gossip?.topics.keys() ?? []), [hintTopic(INCARNATION)])
    await serves(friend)
  })

  it('fills no memory with holders of payloads that nobody has, nor with values', async () => {
    const { host, friend, eve, serves } = await setUp()
    const dht = eve.node?.services.dht
    const put = dht?.put(Buffer.from('/pk/anything'), Buffer.from('value'), { signal: AbortSignal.timeout(3000) })
    await assert.rejects(async () => {
      for await (const event of put ?? []) if (event.name === 'PEER_RESPONSE') return
      throw new Error('nobody kept it')
    })
    await eve.provide('e'.repeat(64))
    host.setMembers([memberOf(host), memberOf(friend)])
    assert.deepEqual(await Array.fromAsync(host.findProviders('e'.repeat(64), new AbortController().signal)), [])
    await serves(friend)
  })

  it('cannot replay what another said', async () => {
    const { friend, eve, atHost, serves } = await setUp()
    // Within the window: the friend's own hints, which have small numbers, are to be heard afterwards.
    const bytes = hints({ session: sessionOf(friend), seq: 900 })
    await publishRaw(friend, bytes)
    await eventually(() => atHost().length === 1)
    for (let count = 0; count < 5; count++) {
      await publishRaw(eve, bytes)
      await publishRaw(friend, bytes)
    }
    await sendAs(eve, { session: sessionOf(eve), seq: 5001 })
    await eventually(() => atHost().includes('run 5001'))
    assert.deepEqual(atHost(), ['run 900', 'run 5001'])
    await serves(friend)
  })

  it('is heard no more than its share when it floods, while the others are heard as ever', async () => {
    const { host, friend, eve, atHost, serves } = await setUp()
    const refusedBefore = host.metrics().hintsRefused
    const tooMany = 200
    // For the host no time passes meanwhile, however slow the machine is: eve's share does not grow.
    now = systemClock.monotonicMs()
    for (let seq = 5000; seq < 5000 + MAX_HINT_MESSAGES_IN_A_BURST + tooMany; seq++) {
      await sendAs(eve, { session: sessionOf(eve), seq })
    }
    await eventually(() => host.metrics().hintsRefused >= refusedBefore + tooMany)
    await serves(friend)
    assert.ok(atHost().length <= MAX_HINT_MESSAGES_IN_A_BURST)
    now = undefined
    await serves(friend)
    assert.ok(isFullMesh(host, friend))
  })

  async function setUp() {
    const [friend, eve] = (await startPeers(2, { watchdog })) as [Libp2pMesh, Libp2pMesh]
    const host = await startPeer({ watchdog, clock: hostClock })
    introduce(host, friend, eve)
    await eventually(() => isFullMesh(host, friend, eve))
    const [heard, heardByFriend] = [hintsAt(host), hintsAt(friend)]
    await publishUntil(host, () => heardByFriend.length > 0)
    for (const mesh of [friend, eve]) await publishUntil(mesh, () => heard.some(({ from }) => from === mesh.peer))
    /** The runs that the host was told to be stopping. */
    const atHost = () => heard.flatMap(({ hint }) => (hint.kind === 'stopping' ? [hint.run] : []))
    /** The host still hears this member, and is heard. */
    async function serves(member: Libp2pMesh) {
      const ofMember = () => heard.filter(({ from }) => from === member.peer).length
      const [before, beforeMember] = [ofMember(), heardByFriend.length]
      await publishUntil(member, () => ofMember() > before)
      await publishUntil(host, () => heardByFriend.length > beforeMember)
    }
    return { host, friend, eve, atHost, serves }
  }
})

const FRAMES = [
  randomBytes(2048),
  // Lengths of 2 GiB and of more than a number holds, and nothing behind them.
  Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x08, 1),
  Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
  // 100 bytes are promised, 3 come.
  Uint8Array.of(100, 1, 2, 3),
  // A whole frame that is no message.
  Uint8Array.of(5, 0xff, 0xff, 0xff, 0xff, 0xff),
  // Many frames of nothing.
  new Uint8Array(10_000),
]

interface FrameToSend {
  protocol: string
  frame: Uint8Array
  /** The stream stays open and says no more; otherwise it ends, maybe in the middle of a frame. */
  isLeftOpen: boolean
}

async function sendFrame(
  from: Libp2pMesh,
  to: Libp2pMesh,
  { protocol, frame, isLeftOpen }: FrameToSend,
): Promise<void> {
  const connection = await eventually(() => from.node?.getConnections(peerIdFromString(to.peer))[0])
  try {
    const stream = await connection.newStream(protocol)
    stream.send(frame)
    if (!isLeftOpen) await stream.close()
  } catch {
    // It was hung up on, which is the host's right.
  }
}

function hints({ session, seq }: { session: string; seq: number }): Uint8Array {
  return encodeHints({ ledger: INCARNATION, session, seq }, [{ kind: 'stopping', run: `run ${seq}` }])[0]!
}

async function sendAs(author: Libp2pMesh, envelope: { session: string; seq: number }): Promise<void> {
  await publishRaw(author, hints(envelope))
}

async function publishRaw(author: Libp2pMesh, bytes: Uint8Array): Promise<void> {
  await author.node?.services.gossip?.publish(hintTopic(INCARNATION), bytes)
}
