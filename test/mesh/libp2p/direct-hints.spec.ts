import assert from 'node:assert/strict'
import { encodeHints } from '../../../protocols/hint-codec.ts'
import { toFrame } from '../../../src/mesh/frames.ts'
import type { Libp2pMesh } from '../../../src/mesh/libp2p/libp2p-mesh.ts'
import { DIRECT_PROTOCOL, protocolId } from '../../../src/mesh/libp2p/mesh-names.ts'
import { eventually } from '../../support/eventually.ts'
import { startPeers, stopPeers } from '../support/libp2p-peers.ts'
import { hintsAt, INCARNATION, introduce, isFullMesh, sessionOf } from '../support/mesh-helpers.ts'

const PROTOCOL = protocolId(INCARNATION, DIRECT_PROTOCOL)
const HINT = { kind: 'passed', session: 'one' } as const

describe('hints for one peer alone, among libp2p peers', () => {
  afterEach(stopPeers)

  it('go on one stream that stays open, however many there are', async () => {
    const [anna, bert] = await pair()
    const atBert = hintsAt(bert)
    for (let count = 1; count <= 5; count++) {
      anna.tell(bert.peer, [HINT])
      await eventually(() => atBert.length === count)
    }
    assert.equal(openStreams(anna).length, 1)
  })

  it('wait for the stream that the first of them opens', async () => {
    const [anna, bert] = await pair()
    const atBert = hintsAt(bert)
    for (let count = 0; count < 20; count++) anna.tell(bert.peer, [HINT])
    await eventually(() => atBert.length === 20)
    assert.equal(openStreams(anna).length, 1)
  })

  it('go on after their stream has ended', async () => {
    const [anna, bert] = await pair()
    const atBert = hintsAt(bert)
    anna.tell(bert.peer, [HINT])
    await eventually(() => atBert.length === 1)
    for (const stream of openStreams(bert)) stream.abort(new Error('the stream died'))
    await eventually(() => {
      anna.tell(bert.peer, [HINT])
      return atBert.length > 1
    })
  })

  it('are not believed when they are none, and cost their author the stream', async () => {
    const [anna, bert] = await pair()
    const atBert = hintsAt(bert)
    const [connection] = anna.node?.getConnections() ?? []
    const envelope = { ledger: INCARNATION, session: sessionOf(anna), seq: 500 }
    const wrong = [
      Uint8Array.of(0xff, 0xff),
      toFrame(Uint8Array.of(0xc1)),
      toFrame(encodeHints({ ...envelope, ledger: 'another' }, [HINT])[0]!),
    ]
    for (const bytes of wrong) {
      const stream = await connection?.newStream(PROTOCOL)
      stream?.send(bytes)
      await eventually(() => stream?.status !== 'open')
    }
    // In the name of another: dropped, as it may be a session that this peer has not read of yet.
    const stream = await connection?.newStream(PROTOCOL)
    stream?.send(toFrame(encodeHints({ ...envelope, session: sessionOf(bert) }, [HINT])[0]!))
    stream?.send(toFrame(encodeHints(envelope, [HINT])[0]!))
    await eventually(() => atBert.length === 1)
    assert.deepEqual(atBert, [{ hint: HINT, from: anna.peer, session: sessionOf(anna) }])
  })

  it('leave nothing open when the mesh stops while they are under way', async () => {
    const [anna, bert] = await pair()
    anna.tell(bert.peer, [HINT])
    await anna.stop()
    anna.tell(bert.peer, [HINT])
    await eventually(() => openStreams(bert).length === 0)
  })
})

async function pair(): Promise<[Libp2pMesh, Libp2pMesh]> {
  const meshes = (await startPeers(2)) as [Libp2pMesh, Libp2pMesh]
  introduce(...meshes)
  await eventually(() => isFullMesh(...meshes))
  return meshes
}

function openStreams(mesh: Libp2pMesh) {
  const streams = mesh.node?.getConnections().flatMap(connection => connection.streams) ?? []
  return streams.filter(({ protocol, status }) => protocol === PROTOCOL && status === 'open')
}
