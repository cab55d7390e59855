/**
 * The msgpack profile of everything that Lightflow stores or sends. Date, Map, Set, BigInt, typed arrays and Uint8Array survive the
 * trip; no shared record structures, so that other languages and other versions read it. Hostile bytes only ever throw `LF_DECODE`.
 *
 * One change is accepted: half a surrogate pair in text arrives as U+FFFD. docs/payloads.md describes the bytes for other languages.
 */
import { Packr, Unpackr, addExtension } from 'msgpackr'
import { LightflowError } from '../src/core/errors.ts'
import { MAX_VALUE_BYTES } from './limits.ts'
import { EXTENSION, checkFrame } from './msgpack-check.ts'
import { NdArray, packNdArray, unpackNdArray } from './nd-array.ts'
import { MapEntries, NegativeZero, PLAIN_DATA_HINT, toPlainData } from './plain-data.ts'

const UNUSED_TYPE = 0x2d

addExtension({
  Class: MapEntries,
  type: EXTENSION.map,
  write: (entries: MapEntries) => entries.flat,
  read: readMap,
})

addExtension({ Class: NdArray, type: EXTENSION.ndArray, pack: packNdArray, unpack: unpackNdArray })

// An ordinary float: only that msgpackr would write the integer 0. The type is never written and, as it is not in the profile, never read.
addExtension({ Class: NegativeZero, type: UNUSED_TYPE, pack: writeNegativeZero as unknown as Pack, unpack: () => -0 })

// Without variableMapSize an object of more than 65535 keys is refused.
const packr = new Packr({ useRecords: false, variableMapSize: true, moreTypes: true, copyBuffers: true })
const unpackr = new Unpackr({ useRecords: false, moreTypes: true, copyBuffers: true })

/**
 * Throws `LF_ENCODE` for values that cannot be sent (functions, symbols, cycles, errors, opaque objects) and `LF_VALUE_TOO_LARGE`.
 * What it returns, {@link decode} accepts. The bytes own their memory: they may be transferred.
 */
export function encode(value: unknown): Uint8Array<ArrayBuffer> {
  const plain = toPlainData(value)
  let packed: Uint8Array
  try {
    packed = packr.pack(plain)
  } catch (cause) {
    throw new LightflowError('LF_ENCODE', 'A value could not be encoded.', { hint: PLAIN_DATA_HINT, cause })
  }
  if (packed.byteLength > MAX_BUFFER_KEPT_BYTES) packr.useBuffer(Buffer.allocUnsafeSlow(FRESH_BUFFER_BYTES))
  if (packed.byteLength > MAX_VALUE_BYTES) throw tooLarge(packed.byteLength)
  // A copy: msgpackr hands out views into its own, larger buffer.
  return new Uint8Array(packed)
}

/** Throws `LF_DECODE`, and nothing else, for bytes that are not the encoding of a value within the limits. */
export function decode(bytes: Uint8Array): unknown {
  if (bytes.byteLength > MAX_VALUE_BYTES) {
    throw new LightflowError('LF_DECODE', `Received ${bytes.byteLength} bytes, more than a value may have.`)
  }
  checkFrame(bytes)
  try {
    // A view of its own: msgpackr hangs a property on what it reads.
    return unpackr.unpack(bytes.subarray())
  } catch (cause) {
    throw new LightflowError('LF_DECODE', 'Received bytes are not a valid value.', { cause })
  }
}

/** Beyond it msgpackr's own buffer is given up after use: it would hold the memory of the largest value ever sent. */
const MAX_BUFFER_KEPT_BYTES = 4 * 1024 * 1024
const FRESH_BUFFER_BYTES = 8192

/** Room in msgpackr's buffer, as its types do not tell. */
type Allocate = (size: number) => { targetView: DataView; position: number }

type Pack = (value: unknown) => Uint8Array

function writeNegativeZero(_value: unknown, allocate: Allocate): void {
  const { targetView, position } = allocate(9)
  targetView.setUint8(position, 0xcb)
  targetView.setFloat64(position + 1, -0)
}

function readMap(flat: unknown[]): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>()
  if (flat.length % 2 !== 0) throw new RangeError('a Map has a key without a value')
  for (let index = 0; index < flat.length; index += 2) map.set(flat[index], flat[index + 1])
  return map
}

function tooLarge(sizeBytes: number): LightflowError {
  const message = `A value of ${sizeBytes} bytes is too large (limit ${MAX_VALUE_BYTES}).`
  return new LightflowError('LF_VALUE_TOO_LARGE', message, {
    hint: 'Write it to a file on shared storage and pass its path instead.',
  })
}
