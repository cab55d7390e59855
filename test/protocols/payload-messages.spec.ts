import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { encode } from '../../protocols/msgpack.ts'
import {
  decodePayloadAnswer,
  decodePayloadRequest,
  encodePayloadMessage,
  type PayloadAnswer,
  type PayloadRequest,
} from '../../protocols/payload-messages.ts'

const hash = 'ab'.repeat(32)
const door = { port: 4100, id: '0f'.repeat(16), key: 'cd'.repeat(32) }

describe('messages about payloads', () => {
  it('arrive as they were sent', () => {
    const requests: PayloadRequest[] = [
      { kind: 'door', hash },
      { kind: 'read', hash, offset: 2 ** 40, length: 5 },
      { kind: 'suspect', hash },
      { kind: 'keep', hash, sizeBytes: 2 ** 40, folder: '0f'.repeat(16) },
      { kind: 'fetch', hash, sizeBytes: 2 ** 40, from: ['one', 'two'] },
      { kind: 'file', hash, run: 'scan-bcdfghj' },
    ]
    for (const request of requests) assert.deepEqual(decodePayloadRequest(encodePayloadMessage(request)), request)
    const answers: PayloadAnswer[] = [
      { kind: 'here', sizeBytes: 2 ** 40, door },
      { kind: 'here', sizeBytes: 5, door: null },
      { kind: 'bytes', bytes: new Uint8Array([1, 2]) },
      { kind: 'noted' },
      { kind: 'kept' },
      { kind: 'file', hash, sizeBytes: 2 ** 40 },
      { kind: 'changed', found: { bytes: 5, modifiedMs: -1 } },
      { kind: 'changed', found: null },
      { kind: 'no', why: 'shared' },
      { kind: 'no', why: 'busy' },
    ]
    for (const answer of answers) assert.deepEqual(decodePayloadAnswer(encodePayloadMessage(answer)), answer)
  })

  it('hands out bytes that own their memory: they are given to another thread', () => {
    const answer = decodePayloadAnswer(encodePayloadMessage({ kind: 'bytes', bytes: new Uint8Array([1, 2]) }))
    assert.equal((answer as { bytes: Uint8Array }).bytes.buffer.byteLength, 2)
  })

  it('are refused with LF_DECODE when a field is missing, of another type or out of range', () => {
    const requests = [
      { kind: 'door' },
      { kind: 'door', hash: hash.toUpperCase() },
      { kind: 'read', hash, offset: -1, length: 1 },
      { kind: 'read', hash, offset: 0.5, length: 1 },
      { kind: 'read', hash, offset: 0 },
      { kind: 'keep', hash, sizeBytes: 1 },
      { kind: 'keep', hash, sizeBytes: -1, folder: '0f'.repeat(16) },
      { kind: 'fetch', hash, sizeBytes: 1, from: [] },
      { kind: 'fetch', hash, sizeBytes: 1, from: 'one' },
      { kind: 'fetch', hash, sizeBytes: 1, from: [1] },
      { kind: 'fetch', hash, sizeBytes: 1, from: ['x'.repeat(101)] },
      { kind: 'fetch', hash, sizeBytes: 1, from: Array.from({ length: 9 }, () => 'one') },
      { kind: 'fetch', hash, from: ['one'] },
      { kind: 'other', hash },
      { kind: 'file', hash },
      { kind: 'file', hash, run: '' },
      { kind: 'file', hash, run: 'x'.repeat(301) },
      { kind: 'file', hash: '/etc/passwd', run: 'scan' },
    ]
    const answers = [
      { kind: 'here', sizeBytes: '5', door: null },
      { kind: 'here', sizeBytes: 5, door: { ...door, port: 70_000 } },
      { kind: 'here', sizeBytes: 5, door: { ...door, key: 'x' } },
      { kind: 'here', sizeBytes: 5 },
      { kind: 'bytes', bytes: 'text' },
      { kind: 'no', why: 'mood' },
      { kind: 'file', hash: 'x', sizeBytes: 5 },
      { kind: 'file', hash },
      { kind: 'changed', found: { bytes: -1, modifiedMs: 0 } },
      { kind: 'changed' },
    ]
    for (const request of requests)
      assert.throws(() => decodePayloadRequest(encode({ v: 1, ...request })), { code: 'LF_DECODE' })
    for (const answer of answers)
      assert.throws(() => decodePayloadAnswer(encode({ v: 1, ...answer })), { code: 'LF_DECODE' })
    assert.throws(() => decodePayloadRequest(encode({ v: 2, kind: 'door', hash })), { code: 'LF_DECODE' })
  })

  it('throw LF_DECODE for any other bytes, and nothing else', () => {
    const anything = fc.oneof(
      fc.uint8Array(),
      fc.anything().map(value => tryEncode(value)),
    )
    const property = fc.property(anything, bytes => {
      for (const read of [decodePayloadRequest, decodePayloadAnswer]) {
        try {
          read(bytes)
        } catch (error) {
          assert.equal((error as { code?: unknown }).code, 'LF_DECODE')
        }
      }
    })
    fc.assert(property)
  })
})

function tryEncode(value: unknown): Uint8Array {
  try {
    return encode(value)
  } catch {
    return new Uint8Array()
  }
}
