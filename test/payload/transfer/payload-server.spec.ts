import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import * as lengthPrefixed from 'it-length-prefixed'
import {
  decodePayloadAnswer,
  encodePayloadMessage,
  PAYLOAD_PROTOCOL,
  type PayloadAnswer,
  type PayloadRequest,
} from '../../../protocols/payload-messages.ts'
import type { PayloadRef } from '../../../src/lease/records.ts'
import { MAX_SERVED_AT_ONCE, MAX_STREAM_FRAME_BYTES, STREAM_RANGE_BYTES } from '../../../src/payload/payload-limits.ts'
import { framesOf } from '../../../src/payload/transfer/stream-frames.ts'
import { eventually } from '../../support/eventually.ts'
import { type PayloadPeer, PayloadPeers } from '../support/payload-peers.ts'

const MiB = 1024 * 1024
const NEVER = new AbortController().signal

describe('a peer that gives payloads away', () => {
  let peers: PayloadPeers
  let holder: PayloadPeer
  let ref: PayloadRef
  const bytes = randomBytes(8 * MiB)
  beforeEach(async () => {
    peers = new PayloadPeers()
    holder = await peers.add('holder')
    ref = await holder.store.put(bytes)
  })
  afterEach(() => peers.close())

  async function openStream(): Promise<Duplex> {
    const { duplex } = await peers.networkOf('reader').openStream('holder', PAYLOAD_PROTOCOL, NEVER)
    duplex.on('error', () => {})
    return duplex
  }

  it('holds one frame for a reader that reads slowly, however much it asks for', async () => {
    const duplex = await openStream()
    for (let offset = 0; offset < bytes.length; offset += STREAM_RANGE_BYTES) {
      send(duplex, { kind: 'read', hash: ref.hash, offset, length: STREAM_RANGE_BYTES })
    }
    const answers = framesOf(duplex, MAX_STREAM_FRAME_BYTES)
    let received = 0
    while (received < bytes.length) {
      const { value } = await answers.next()
      const answer = decodePayloadAnswer(value as Uint8Array)
      assert.ok(answer.kind === 'bytes')
      received += answer.bytes.length
      for (let turn = 0; turn < 20; turn++) await nextTurn()
      assert.ok(duplex.readableLength <= 2 * MAX_STREAM_FRAME_BYTES, `${duplex.readableLength} bytes wait`)
    }
  })

  it('serves others while one does not read at all', async () => {
    const stuck = await openStream()
    send(stuck, { kind: 'read', hash: ref.hash, offset: 0, length: STREAM_RANGE_BYTES })
    const reader = await peers.add('other')
    assert.ok(bytes.equals(await reader.store.get(ref)))
  })

  for (const [what, junk] of Object.entries({
    'bytes that are no frame': Buffer.alloc(64, 0xff),
    'a frame that is too long': lengthPrefixed.encode.single(new Uint8Array(5000)).subarray(),
    'a frame that is no message': lengthPrefixed.encode.single(new Uint8Array([0xc1])).subarray(),
    'a message that is no request': lengthPrefixed.encode.single(encodePayloadMessage({ kind: 'noted' })).subarray(),
    'a hash that is a path': lengthPrefixed.encode
      .single(encodePayloadMessage({ kind: 'door', hash: '../../etc/passwd' }))
      .subarray(),
  })) {
    it(`ends the stream of one that sends ${what}, and serves the next`, async () => {
      const duplex = await openStream()
      duplex.write(junk)
      duplex.resume()
      await eventually(() => duplex.destroyed || duplex.readableEnded)
      assert.equal((await ask(await openStream(), { kind: 'door', hash: ref.hash })).kind, 'here')
    })
  }

  it('refuses what it does not have, and ranges outside of what it has', async () => {
    const duplex = await openStream()
    const answers = framesOf(duplex, MAX_STREAM_FRAME_BYTES)
    const questions: [PayloadRequest, PayloadAnswer][] = [
      [
        { kind: 'door', hash: 'ab'.repeat(32) },
        { kind: 'no', why: 'missing' },
      ],
      [
        { kind: 'read', hash: 'ab'.repeat(32), offset: 0, length: 5 },
        { kind: 'no', why: 'missing' },
      ],
      [
        { kind: 'read', hash: ref.hash, offset: bytes.length, length: 5 },
        { kind: 'no', why: 'range' },
      ],
      [
        { kind: 'read', hash: ref.hash, offset: 0, length: STREAM_RANGE_BYTES + 1 },
        { kind: 'no', why: 'range' },
      ],
      [{ kind: 'suspect', hash: ref.hash }, { kind: 'noted' }],
    ]
    for (const [request, expected] of questions) {
      send(duplex, request)
      assert.deepEqual(decodePayloadAnswer((await answers.next()).value as Uint8Array), expected)
    }
  })

  it('says that it is busy when too many ask, until they leave', async () => {
    const many = await Promise.all(Array.from({ length: MAX_SERVED_AT_ONCE }, openStream))
    assert.deepEqual(await ask(await openStream(), { kind: 'door', hash: ref.hash }), { kind: 'no', why: 'busy' })
    const reader = await peers.add('patient')
    const got = reader.store.get(ref)
    await eventually(() => peers.opened.some(({ from }) => from === 'patient'))
    for (const duplex of many) duplex.destroy()
    assert.ok(bytes.equals(await got))
  })

  it('opens each door once, for who has the key', async () => {
    const answer = await ask(await openStream(), { kind: 'door', hash: ref.hash })
    assert.ok(answer.kind === 'here' && answer.door !== null)
    const { door } = answer
    const fetch = async (key: string) => {
      const reader = await peers.add(`reader-${key.slice(0, 4)}-${Math.random()}`)
      const sink = await reader.threads.openSink({ path: await reader.local.files.newPart(ref.hash) })
      const request = { sink, host: '127.0.0.1', door: { ...door, key }, offset: 0, end: bytes.length }
      return reader.threads.fetch(request, NEVER)
    }
    const other = await ask(await openStream(), { kind: 'door', hash: ref.hash })
    assert.ok(other.kind === 'here' && other.door !== null && other.door.id !== door.id && other.door.key !== door.key)
    assert.deepEqual(await fetch(door.key), { reached: bytes.length, error: null })
    assert.equal((await fetch(door.key)).reached, 0, 'the key was used')
    assert.equal((await fetch(other.door.key)).reached, 0, 'the key of another door')
  })
})

function send(duplex: Duplex, request: PayloadRequest): void {
  for (const chunk of lengthPrefixed.encode([encodePayloadMessage(request)])) duplex.write(chunk)
}

async function ask(duplex: Duplex, request: PayloadRequest): Promise<PayloadAnswer> {
  send(duplex, request)
  const { value } = await framesOf(duplex, MAX_STREAM_FRAME_BYTES).next()
  return decodePayloadAnswer(value as Uint8Array)
}
