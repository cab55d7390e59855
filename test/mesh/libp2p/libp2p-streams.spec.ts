import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Libp2pMesh } from '../../../src/mesh/libp2p/libp2p-mesh.ts'
import { MAX_UNREAD_STREAM_BYTES } from '../../../src/mesh/mesh-limits.ts'
import type { PeerStream } from '../../../src/mesh/mesh.ts'
import { eventually } from '../../support/eventually.ts'
import { makeIdentity, startPeers, stopPeers } from '../support/libp2p-peers.ts'
import { introduce } from '../support/mesh-helpers.ts'

const MiB = 1024 * 1024
const NEVER = new AbortController().signal

describe('streams among libp2p peers', () => {
  let one: Libp2pMesh
  let other: Libp2pMesh
  beforeEach(async () => {
    ;[one, other] = (await startPeers(2)) as [Libp2pMesh, Libp2pMesh]
    introduce(one, other)
    await eventually(() => one.connected().includes(other.peer))
  })
  afterEach(stopPeers)

  async function openPair(): Promise<[PeerStream, PeerStream]> {
    const opened = Promise.withResolvers<PeerStream>()
    const end = other.serve('test/1', stream => opened.resolve(stream))
    const mine = await one.openStream(other.peer, 'test/1', NEVER)
    const theirs = await opened.promise
    for (const { duplex } of [mine, theirs]) duplex.on('error', () => {})
    end()
    return [mine, theirs]
  }

  it('carry bytes both ways, and say who is at the other end', async () => {
    const [mine, theirs] = await openPair()
    assert.deepEqual([mine.peer, mine.host], [other.peer, '127.0.0.1'])
    assert.deepEqual([theirs.peer, theirs.host], [one.peer, '127.0.0.1'])
    const bytes = randomBytes(3 * MiB)
    mine.duplex.end(bytes)
    theirs.duplex.end('thanks')
    assert.ok(bytes.equals(Buffer.concat(await theirs.duplex.toArray())))
    assert.equal(Buffer.concat(await mine.duplex.toArray()).toString(), 'thanks')
  })

  it('end on both sides at once', async () => {
    const [mine, theirs] = await openPair()
    mine.duplex.destroy()
    await eventually(() => theirs.duplex.destroyed)
  })

  it('end when more comes than was asked for', async () => {
    const [mine, theirs] = await openPair()
    const chunk = Buffer.alloc(256 * 1024)
    let held = 0
    while (!theirs.duplex.destroyed && !mine.duplex.destroyed) {
      held = Math.max(held, theirs.duplex.readableLength)
      if (!mine.duplex.write(chunk))
        await eventually(() => !mine.duplex.writableNeedDrain || mine.duplex.destroyed, 10_000, 0)
    }
    await eventually(() => theirs.duplex.destroyed && mine.duplex.destroyed)
    assert.ok(held <= MAX_UNREAD_STREAM_BYTES + MiB)
  })

  it('are refused for what the other one does not serve, for strangers, and for those who are gone', async () => {
    const refused = { code: 'LF_PEER_UNREACHABLE', hint: /mesh status/ }
    await assert.rejects(one.openStream(other.peer, 'nothing/1', NEVER), refused)
    await assert.rejects(one.openStream((await makeIdentity()).peer, 'test/1', NEVER), refused)
    await assert.rejects(one.openStream(other.peer, 'test/1', AbortSignal.abort()), refused)
    await other.stop()
    await assert.rejects(one.openStream(other.peer, 'test/1', AbortSignal.timeout(500)), refused)
  })
})
