/**
 * Reads the frame of received bytes before anything is made of them: token by token, without building a value. What passes is
 * complete, within the limits, and holds only the extensions that Lightflow writes, so that the decoder behind it meets no surprise.
 */
import { LightflowError } from '../src/core/errors.ts'
import { MAX_VALUE_DEPTH } from './limits.ts'
import { FORBIDDEN_KEYS, MAX_BIGINT_BYTES, MAX_VALUE_ENTRIES } from './value-limits.ts'

/** Extension types of the profile. `undefined`, Set and Map are tags before a value or nothing; the others hold their own bytes. */
export const EXTENSION = {
  undefined: 0x00,
  bigint: 0x42,
  map: 0x4d,
  ndArray: 0x4e,
  set: 0x73,
  typedArray: 0x74,
  date: 0xff,
} as const

/** Throws `LF_DECODE` unless `bytes` are exactly one value of the profile. */
export function checkFrame(bytes: Uint8Array): void {
  const frame = new Frame(bytes)
  frame.value(0)
  frame.end()
}

class Frame {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #position = 0
  #entries = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  value(depth: number): void {
    const token = this.#uint8()
    if (token <= 0x7f || token >= 0xe0) return
    if (token <= 0x8f) this.#map(token & 0x0f, depth)
    else if (token <= 0x9f) this.#array(token & 0x0f, depth)
    else if (token <= 0xbf) this.#skip(token & 0x1f)
    else this.#long(token, depth)
  }

  end(): void {
    if (this.#position !== this.#bytes.length) throw malformed('they go on after their end')
  }

  #long(token: number, depth: number): void {
    if (token === 0xc0 || token === 0xc2 || token === 0xc3) return
    if (token >= 0xca && token <= 0xd3) return this.#skip(SCALAR_BYTES[token - 0xca] as number)
    switch (token) {
      case 0xc4:
      case 0xd9:
        return this.#skip(this.#uint8())
      case 0xc5:
      case 0xda:
        return this.#skip(this.#uint16())
      case 0xc6:
      case 0xdb:
        return this.#skip(this.#uint32())
      case 0xc7:
        return this.#extension(this.#uint8())
      case 0xc8:
        return this.#extension(this.#uint16())
      case 0xc9:
        return this.#extension(this.#uint32())
      case 0xd4:
        return this.#tag(depth)
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(2 ** (token - 0xd4))
      case 0xdc:
        return this.#array(this.#uint16(), depth)
      case 0xdd:
        return this.#array(this.#uint32(), depth)
      case 0xde:
        return this.#map(this.#uint16(), depth)
      case 0xdf:
        return this.#map(this.#uint32(), depth)
      default:
        throw malformed(`they contain the unknown token ${token}`)
    }
  }

  #array(count: number, depth: number): void {
    this.#enter(count, depth)
    for (let index = 0; index < count; index++) this.value(depth + 1)
  }

  #map(count: number, depth: number): void {
    this.#enter(count, depth)
    for (let index = 0; index < count; index++) {
      this.#key()
      this.value(depth + 1)
    }
  }

  /** Refused before anything is read: a few bytes may announce billions of entries. */
  #enter(count: number, depth: number): void {
    if (depth > MAX_VALUE_DEPTH) throw malformed('they are nested too deeply')
    if (count > this.#bytes.length - this.#position) throw malformed('they end too early')
    this.#entries += count
    if (this.#entries > MAX_VALUE_ENTRIES) throw malformed(`they have more than ${MAX_VALUE_ENTRIES} entries`)
  }

  /** Text, or a whole number (other languages write such keys), which becomes text. */
  #key(): void {
    const token = this.#uint8()
    if (token <= 0x7f || token >= 0xe0) return
    if (token >= 0xcc && token <= 0xd3) return this.#skip(SCALAR_BYTES[token - 0xca] as number)
    if (token >= 0xa0 && token <= 0xbf) return this.#textKey(token & 0x1f)
    if (token === 0xd9) return this.#textKey(this.#uint8())
    if (token === 0xda) return this.#textKey(this.#uint16())
    if (token === 0xdb) return this.#textKey(this.#uint32())
    throw malformed('an object has a key that is no text')
  }

  #textKey(length: number): void {
    const start = this.#position
    this.#skip(length)
    if (length < SHORTEST_FORBIDDEN || length > LONGEST_FORBIDDEN) return
    const key = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, length).toString('latin1')
    if (FORBIDDEN_KEYS.has(key)) throw malformed(`they contain the forbidden key ${key}`)
  }

  /** One byte of extension: the profile's tags, which stand before the array that they mark. */
  #tag(depth: number): void {
    const type = this.#bytes[this.#position]
    if (type === EXTENSION.undefined) return this.#skip(2)
    if (type !== EXTENSION.set && type !== EXTENSION.map) return this.#extension(1)
    this.#skip(2)
    const next = this.#bytes[this.#position] ?? 0
    const isArray = (next & 0xf0) === 0x90 || next === 0xdc || next === 0xdd
    if (!isArray) throw malformed('a Map or Set is not followed by its elements')
    this.value(depth)
  }

  #extension(length: number): void {
    const type = this.#uint8()
    const isKnown =
      type === EXTENSION.bigint ||
      type === EXTENSION.typedArray ||
      type === EXTENSION.date ||
      type === EXTENSION.ndArray
    if (!isKnown) throw malformed(`they contain the unknown extension ${type}`)
    if (type === EXTENSION.bigint && length > MAX_BIGINT_BYTES)
      throw malformed('they contain a BigInt that is too large')
    this.#skip(length)
  }

  #skip(count: number): void {
    this.#position += count
    if (this.#position > this.#bytes.length) throw malformed('they end too early')
  }

  #uint8(): number {
    const value = this.#bytes[this.#position++]
    if (value === undefined) throw malformed('they end too early')
    return value
  }

  #uint16(): number {
    this.#skip(2)
    return this.#view.getUint16(this.#position - 2)
  }

  #uint32(): number {
    this.#skip(4)
    return this.#view.getUint32(this.#position - 4)
  }
}

/** Bytes after the tokens 0xca to 0xd3: two floats, four unsigned and four signed integers. */
const SCALAR_BYTES = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8]

const FORBIDDEN_LENGTHS = Array.from(FORBIDDEN_KEYS, key => key.length)
const SHORTEST_FORBIDDEN = Math.min(...FORBIDDEN_LENGTHS)
const LONGEST_FORBIDDEN = Math.max(...FORBIDDEN_LENGTHS)

function malformed(why: string): LightflowError {
  return new LightflowError('LF_DECODE', `Received bytes are not a valid value: ${why}.`)
}
