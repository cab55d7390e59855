import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import type { ConnectionEncrypter, MessageStream } from '@libp2p/interface'
import { StreamState, type YamuxStream } from '@libp2p/yamux/stream'
import { inOnePiece, withRareUpdates } from '../../../src/mesh/libp2p/fewer-packets.ts'
import type { Libp2pMesh } from '../../../src/mesh/libp2p/libp2p-mesh.ts'
import { eventually } from '../../support/eventually.ts'
import { startPeers, stopPeers } from '../support/libp2p-peers.ts'
import { hintsAt, introduce, isFullMesh } from '../support/mesh-helpers.ts'

const HINT = { kind: 'passed', session: 'one' } as const

describe('what is sent between peers', () => {
  afterEach(stopPeers)

  async function pair(): Promise<[Libp2pMesh, Libp2pMesh]> {
    const [anna, bert] = (await startPeers(2)) as [Libp2pMesh, Libp2pMesh]
    introduce(anna, bert)
    await eventually(() => isFullMesh(anna, bert))
    return [anna, bert]
  }

  it('is one packet for each message, which is not answered', async () => {
    const [anna, bert] = await pair()
    const atBert = hintsAt(bert)
    const tell = async (count: number): Promise<void> => {
      const before = atBert.length
      for (let told = 1; told <= count; told++) {
        anna.tell(bert.peer, [HINT])
        await eventually(() => atBert.length === before + told, 10_000, 0)
      }
    }
    // What opens the stream.
    await tell(1)
    const writes = await writesDuring(() => tell(100))
    // Beside them the meshes say something of their own now and then.
    assert.ok(writes >= 100 && writes < 130, `${writes} writes`)
  })
})

describe('a stream that gives room back rarely', () => {
  /** Whether it tells the other side of the room that it has. */
  function tells(fields: Partial<Record<keyof YamuxStream | 'recvWindow' | 'recvWindowCapacity', unknown>>): boolean {
    let told = false
    const stream = { state: StreamState.Established, sendWindowUpdate: () => (told = true), ...fields }
    const muxer = { onCreateStream: () => stream, onRemoteStream: () => {} }
    const factory = withRareUpdates((() => ({ createStreamMuxer: () => muxer })) as never)()
    const created = factory.createStreamMuxer({} as MessageStream) as unknown as {
      onCreateStream: () => { sendWindowUpdate: () => void }
    }
    created.onCreateStream().sendWindowUpdate()
    return told
  }

  it('does so once half of it is used up, and to open or accept the stream', () => {
    assert.equal(tells({ recvWindow: 100, recvWindowCapacity: 51 }), false)
    assert.equal(tells({ recvWindow: 100, recvWindowCapacity: 50 }), true)
    assert.equal(tells({ recvWindow: 100, recvWindowCapacity: 100, state: StreamState.SYNSent }), true)
  })

  it('does so each time, as the library by itself, when it does not tell how much is used up', () => {
    assert.equal(tells({}), true)
    assert.equal(tells({ recvWindow: 100 }), true)
  })
})

describe('an encrypter that hands over one piece', () => {
  it('joins what the one before it sends in several small ones, and sends it as the connection does', async () => {
    const sent: unknown[] = []
    const large = { byteLength: 64 * 1024 + 1, subarray: () => assert.fail('a large one is not copied') } as never
    const connection = {
      name: 'the connection',
      send(data: unknown) {
        sent.push([this.name, data])
        return true
      },
    }
    const secure = async (given: MessageStream) => {
      given.send({ byteLength: 5, subarray: () => Uint8Array.of(0, 3, 1, 2, 3) } as never)
      given.send(Uint8Array.of(4))
      given.send(large)
      return undefined as never
    }
    const encrypter = inOnePiece(
      () => ({ secureInbound: secure, secureOutbound: secure }) as Partial<ConnectionEncrypter> as ConnectionEncrypter,
    )({})
    await encrypter.secureOutbound(connection as unknown as MessageStream)
    assert.deepEqual(sent, [
      ['the connection', Uint8Array.of(0, 3, 1, 2, 3)],
      ['the connection', Uint8Array.of(4)],
      ['the connection', large],
    ])
  })
})

async function writesDuring(act: () => Promise<void>): Promise<number> {
  const write = Reflect.get(Socket.prototype, 'write')
  let count = 0
  Socket.prototype.write = function (this: Socket, ...args: Parameters<Socket['write']>) {
    count += 1
    return Reflect.apply(write, this, args)
  } as Socket['write']
  try {
    await act()
  } finally {
    Socket.prototype.write = write
  }
  return count
}
