/**
 * The msgpack profile of everything that Lightflow stores or sends. Date, Map, Set, BigInt, typed arrays and Uint8Array survive the
 * trip; no shared record structures, so that other languages and other versions read it. Hostile bytes only ever throw `LF_DECODE`.
 */
import { Packr, Unpackr } from 'msgpackr'
import { LightflowError } from '../src/core/errors.ts'
import { MAX_VALUE_BYTES, MAX_VALUE_DEPTH } from './limits.ts'

const packr = new Packr({ useRecords: false, moreTypes: true, structuredClone: false, copyBuffers: true })
const unpackr = new Unpackr({ useRecords: false, moreTypes: true, copyBuffers: true })

/** Throws `LF_ENCODE` for values that cannot be sent (functions, symbols, cycles) and `LF_VALUE_TOO_LARGE`. */
export function encode(value: unknown): Uint8Array {
  checkEncodable(value, [], new Set())
  let bytes: Uint8Array
  try {
    bytes = packr.pack(value)
  } catch (cause) {
    throw new LightflowError('LF_ENCODE', 'A value could not be encoded.', { hint: PLAIN_DATA_HINT, cause })
  }
  if (bytes.byteLength > MAX_VALUE_BYTES) throw tooLarge(bytes.byteLength)
  // A copy: msgpackr hands out views into its own, larger buffer.
  return new Uint8Array(bytes)
}

/** Throws `LF_DECODE`, and nothing else, for bytes that are not the encoding of a value within the limits. */
export function decode(bytes: Uint8Array): unknown {
  if (bytes.byteLength > MAX_VALUE_BYTES) throw tooLarge(bytes.byteLength)
  let value: unknown
  try {
    value = unpackr.unpack(bytes)
  } catch (cause) {
    throw new LightflowError('LF_DECODE', 'Received bytes are not a valid value.', { cause })
  }
  checkDecoded(value, 0)
  return value
}

const PLAIN_DATA_HINT =
  'Tasks exchange plain data: numbers, text, booleans, null, arrays, objects, Date, Map, Set, BigInt, typed arrays and Buffers.'

function tooLarge(sizeBytes: number): LightflowError {
  return new LightflowError(
    'LF_VALUE_TOO_LARGE',
    `A value of ${sizeBytes} bytes is too large (limit ${MAX_VALUE_BYTES}).`,
    {
      hint: 'Write it to a file on shared storage and pass its path instead.',
    },
  )
}

function checkEncodable(value: unknown, path: readonly string[], open: Set<object>): void {
  if (typeof value === 'function' || typeof value === 'symbol') throw notPlain(typeof value, path)
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
  if (open.has(value)) throw notPlain('an object that contains itself', path)
  if (path.length > MAX_VALUE_DEPTH) throw notPlain(`nested deeper than ${MAX_VALUE_DEPTH} levels`, path.slice(0, 5))
  open.add(value)
  for (const [key, child] of children(value)) checkEncodable(child, [...path, key], open)
  open.delete(value)
}

function* children(value: object): Generator<[string, unknown]> {
  if (Array.isArray(value)) for (const [index, child] of value.entries()) yield [String(index), child]
  else if (value instanceof Map) for (const [key, child] of value) yield [String(key), child]
  else if (value instanceof Set) for (const child of value) yield ['(set)', child]
  else if (value instanceof Promise) throw notPlain('a Promise (await it first)', [])
  else if (!(value instanceof Date || value instanceof ArrayBuffer)) yield* Object.entries(value)
}

function notPlain(what: string, path: readonly string[]): LightflowError {
  const where = path.length === 0 ? '' : ` at ${path.join('.')}`
  return new LightflowError('LF_ENCODE', `A value cannot be passed on${where}: it is ${what}.`, {
    hint: PLAIN_DATA_HINT,
  })
}

const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype'])

function checkDecoded(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
  if (depth > MAX_VALUE_DEPTH) throw new LightflowError('LF_DECODE', 'Received bytes are nested too deeply.')
  for (const [key, child] of children(value)) {
    if (FORBIDDEN_KEYS.has(key))
      throw new LightflowError('LF_DECODE', `Received bytes contain the forbidden key ${key}.`)
    checkDecoded(child, depth + 1)
  }
}
