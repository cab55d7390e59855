import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect as connectPlain, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { BulkThreads } from '../../../src/payload/bulk/bulk-threads.ts'
import { decodeRange, DIRECT_TLS, encodeRange } from '../../../src/payload/bulk/direct-wire.ts'
import { SERVE_BUFFER_BYTES, SERVE_BUFFERS } from '../../../src/payload/payload-limits.ts'
import type { PayloadDoor } from '../../../protocols/payload-messages.ts'
import { eventually } from '../../support/eventually.ts'

const MiB = 1024 * 1024
const NEVER = new AbortController().signal

describe('direct connections for payloads', () => {
  // More than the buffers of two sockets hold.
  const bytes = randomBytes(32 * MiB)
  let folder: string
  let path: string
  let threads: BulkThreads
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lf-direct-'))
    path = join(folder, 'payload')
    await writeFile(path, bytes)
    threads = new BulkThreads({ host: '127.0.0.1' })
  })
  afterEach(async () => {
    await threads.close()
    await rm(folder, { recursive: true })
  })

  const offer = async () => (await threads.offer({ path, sizeBytes: bytes.length })) as PayloadDoor

  function enter({ port, id, key }: PayloadDoor): TLSSocket {
    const socket = connect({
      ...DIRECT_TLS,
      port,
      host: '127.0.0.1',
      checkServerIdentity: () => undefined,
      pskCallback: () => ({ psk: Buffer.from(key, 'hex'), identity: id }),
    })
    socket.on('error', () => {})
    return socket
  }

  it('go on in the middle of a payload', async () => {
    const sink = await threads.openSink({ path: join(folder, 'part') })
    await threads.feedSink({ sink, bytes: new Uint8Array(bytes.subarray(0, 5 * MiB + 3)) })
    const request = { sink, host: '127.0.0.1', door: await offer(), offset: 5 * MiB + 3, end: bytes.length }
    assert.deepEqual(await threads.fetch(request, NEVER), { reached: bytes.length, error: null })
    assert.equal(await threads.settledSink(sink), bytes.length)
    await threads.finishSink({ sink, sync: true })
    assert.ok(bytes.equals(await readFile(join(folder, 'part'))))
  })

  it('wait for a reader that reads slowly, or not at all for a while: no more is read than the sockets hold', async () => {
    const socket = enter(await offer())
    socket.write(encodeRange({ offset: 0, length: bytes.length }))
    const received: Buffer[] = [(await once(socket, 'data'))[0] as Buffer]
    socket.pause()
    let before = -1
    const sent = await eventually(
      async () => {
        const { sentBytes } = await threads.status()
        const isStill = sentBytes === before
        before = sentBytes
        return isStill && sentBytes
      },
      10_000,
      100,
    )
    assert.ok(
      sent < bytes.length - SERVE_BUFFERS * SERVE_BUFFER_BYTES,
      `${sent} bytes were sent to one that does not read`,
    )
    for await (const chunk of socket) received.push(chunk as Buffer)
    assert.ok(bytes.equals(Buffer.concat(received)))
  })

  it('do not wait for a reader that goes away', async () => {
    const socket = enter(await offer())
    socket.write(encodeRange({ offset: 0, length: bytes.length }))
    await once(socket, 'readable')
    assert.equal((await threads.status()).serving, 1)
    socket.destroy()
    await eventually(async () => (await threads.status()).serving === 0)
  })

  it('give nothing outside of the payload, and nothing to those who say too much', async () => {
    for (const request of [
      encodeRange({ offset: 1, length: bytes.length }),
      Buffer.concat([encodeRange({ offset: 0, length: 5 }), Buffer.alloc(10)]),
      Buffer.alloc(16, 0xff),
    ]) {
      const socket = enter(await offer())
      let count = 0
      socket.on('data', chunk => (count += chunk.length))
      socket.write(request)
      await closed(socket)
      assert.equal(count, 0)
    }
    assert.equal(decodeRange(encodeRange({ offset: 2, length: 4 }), 5), undefined)
    assert.deepEqual(decodeRange(encodeRange({ offset: 2, length: 3 }), 5), { offset: 2, length: 3 })
  })

  it('turn away strangers: without TLS, with another key, with a key that was used', async () => {
    const door = await offer()
    const plain = connectPlain(door.port, '127.0.0.1')
    plain.on('error', () => {})
    plain.write('GET / HTTP/1.1\r\n\r\n')
    plain.resume()
    await closed(plain)
    await closed(enter({ ...door, id: 'ab'.repeat(16) }))
    const entered = enter(door)
    await once(entered, 'secureConnect')
    await closed(enter(door))
    entered.destroy()
  })

  it('end at once when they are cancelled', async () => {
    const cancel = new AbortController()
    const sink = await threads.openSink({ path: join(folder, 'part') })
    const door = await offer()
    cancel.abort()
    const fetched = await threads.fetch({ sink, host: '127.0.0.1', door, offset: 0, end: bytes.length }, cancel.signal)
    assert.equal(fetched.error, 'cancelled')
    await threads.dropSink(sink)
  })

  it('say why when nobody answers', async () => {
    const sink = await threads.openSink({ path: join(folder, 'part') })
    const door = { ...(await offer()), port: 1 }
    const fetched = await threads.fetch({ sink, host: '127.0.0.1', door, offset: 0, end: bytes.length }, NEVER)
    assert.match(fetched.error ?? '', /ECONNREFUSED/)
  })

  it('refuse everything once they are closed', async () => {
    await offer()
    await threads.close()
    await assert.rejects(async () => threads.offer({ path, sizeBytes: 1 }), { code: 'LF_PAYLOAD_THREAD' })
  })
})

function closed(socket: Socket): Promise<void> {
  return new Promise(resolve => socket.once('close', () => resolve()))
}
