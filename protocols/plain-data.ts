/**
 * What a value must be before it is encoded: plain data. Everything that the encoding would lose or change silently is refused here,
 * with the place where it was found. A value that needs no change is handed through as it is; only the way to a changed part is copied.
 */
import { types } from 'node:util'
import { LightflowError } from '../src/core/errors.ts'
import { MAX_VALUE_DEPTH } from './limits.ts'
import { isNdArray, NdArray } from './nd-array.ts'
import { FORBIDDEN_KEYS, MAX_BIGINT_BYTES, MAX_VALUE_ENTRIES } from './value-limits.ts'

export const PLAIN_DATA_HINT =
  'Tasks exchange plain data: numbers, text, booleans, null, arrays, objects, Date, Map, Set, BigInt, typed arrays, NdArray and Buffers.'

/** A Map on its way: keys and values in turns. It has its own mark in the encoding, so that it does not come back as an object. */
export class MapEntries {
  readonly flat: readonly unknown[]

  constructor(flat: readonly unknown[]) {
    this.flat = flat
  }
}

/** The float `-0` on its way: as a number it would be written as the integer 0. */
export class NegativeZero {
  readonly value = -0
}

const NEGATIVE_ZERO = new NegativeZero()

/** Returns `value` made of plain data only; throws `LF_ENCODE` naming the place of what is not, or `LF_VALUE_TOO_LARGE`. */
export function toPlainData(value: unknown): unknown {
  try {
    return plain(value, 0, { entries: 0 })
  } catch (error) {
    throw error instanceof NotPlain ? describe(error) : error
  }
}

/** What was counted so far. */
interface Walk {
  entries: number
}

/** On its way out, every level adds where it was: the ordinary case has no path to keep. */
class NotPlain extends Error {
  /** Innermost first, like `objects`. */
  readonly keys: string[] = []
  readonly objects = new Set<object>()
  isCycle = false

  addPlace(key: unknown, object: object): this {
    this.keys.push(String(key))
    if (this.objects.has(object)) this.isCycle = true
    this.objects.add(object)
    return this
  }
}

function plain(value: unknown, depth: number, walk: Walk): unknown {
  if (typeof value === 'object') return value === null ? null : plainObject(value, depth, walk)
  if (typeof value === 'number') return Object.is(value, -0) ? NEGATIVE_ZERO : value
  if (typeof value === 'function' || typeof value === 'symbol') throw new NotPlain(`a ${typeof value}`)
  if (typeof value === 'bigint' && (value > MAX_BIGINT || value < MIN_BIGINT)) {
    throw new NotPlain(`a BigInt of more than ${MAX_BIGINT_BYTES} bytes`)
  }
  return value
}

const MAX_BIGINT = (1n << BigInt(MAX_BIGINT_BYTES * 8 - 8)) - 1n
// Not `-MAX_BIGINT` where it is compared: optimized code would work that out, 64 KiB, for every entry that is no BigInt too.
const MIN_BIGINT = -MAX_BIGINT

function plainObject(value: object, depth: number, walk: Walk): unknown {
  if (ArrayBuffer.isView(value)) return plainView(value)
  if (depth > MAX_VALUE_DEPTH) throw new NotPlain(`nested deeper than ${MAX_VALUE_DEPTH} levels`)
  if (Array.isArray(value)) return plainArray(value, depth, walk)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return plainRecord(value, depth, walk)
  if (value instanceof Date || value instanceof ArrayBuffer) return value
  if (isNdArray(value)) return ownNdArray(value)
  if (value instanceof Map) return new MapEntries(plainArray(Array.from(value).flat(1), depth, walk))
  if (value instanceof Set) return plainSet(value, depth, walk)
  return plainInstance(value, depth, walk)
}

function plainArray(array: readonly unknown[], depth: number, walk: Walk): readonly unknown[] {
  countEntries(array.length, walk)
  let copy: unknown[] | null = null
  let index = 0
  try {
    for (; index < array.length; index++) {
      const child = array[index]
      if ((typeof child === 'number' && !Object.is(child, -0)) || typeof child === 'string') continue
      const kept = plain(child, depth + 1, walk)
      if (kept !== child) {
        copy ??= Array.from(array)
        copy[index] = kept
      }
    }
  } catch (error) {
    throw error instanceof NotPlain ? error.addPlace(index, array) : error
  }
  return copy ?? array
}

function plainSet(set: ReadonlySet<unknown>, depth: number, walk: Walk): ReadonlySet<unknown> {
  const before = Array.from(set)
  const after = plainArray(before, depth, walk)
  return after === before ? set : new Set(after)
}

function plainRecord(record: object, depth: number, walk: Walk): object {
  const keys = Object.keys(record)
  countEntries(keys.length, walk)
  let copy: Record<string, unknown> | null = null
  for (const key of keys) {
    try {
      if (FORBIDDEN_KEYS.has(key)) throw new NotPlain('under a reserved key (use a Map for such keys)')
      const child = read(record, key)
      const kept = plain(child, depth + 1, walk)
      if (!Object.is(kept, child)) {
        copy ??= { ...record }
        copy[key] = kept
      }
    } catch (error) {
      throw error instanceof NotPlain ? error.addPlace(key, record) : error
    }
  }
  return copy ?? record
}

function read(record: object, key: string): unknown {
  try {
    return (record as Record<string, unknown>)[key]
  } catch (cause) {
    throw new NotPlain('a property that throws when it is read', { cause })
  }
}

/** One made by another copy of this package is taken over, so that the encoder knows its class. */
function ownNdArray(array: object): NdArray {
  if (array instanceof NdArray) return array
  const { data, shape } = array as Pick<NdArray, 'data' | 'shape'>
  return new NdArray(data, shape)
}

/** `toJSON` is honoured. Any other instance of a class is refused: it would arrive without its methods and hidden fields. */
function plainInstance(value: object, depth: number, walk: Walk): unknown {
  if (types.isBoxedPrimitive(value)) return plain(value.valueOf(), depth, walk)
  if (value instanceof Promise) throw new NotPlain('a Promise (await it first)')
  if (value instanceof Error) throw new NotPlain('an Error (pass its message on instead)')
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') return plain(callToJson(value, toJSON), depth + 1, walk)
  if (isRecordOfAnotherRealm(value)) return plainRecord({ ...value }, depth, walk)
  throw new NotPlain(
    `a ${className(value)}, whose class would be lost (pass its fields as { ... }, or give it a toJSON)`,
  )
}

/** A plain object made by a module of `node:vm` has an `Object.prototype` of its own. */
function isRecordOfAnotherRealm(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return Object.getPrototypeOf(prototype) === null && className(value) === 'Object'
}

function callToJson(value: object, toJSON: Function): unknown {
  try {
    return Reflect.apply(toJSON, value, [''])
  } catch (cause) {
    throw new NotPlain(`a ${className(value)} whose toJSON throws`, { cause })
  }
}

function className(value: object): string {
  const { constructor } = value as { constructor?: { name?: unknown } }
  return typeof constructor?.name === 'string' && constructor.name !== '' ? constructor.name : 'nameless object'
}

const VIEWS = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
}

/** Subclasses go as what they are underneath: the encoding knows elements by the name of the class. */
function plainView(view: ArrayBufferView): ArrayBufferView {
  if (view instanceof DataView || view instanceof Buffer) return view
  const kind = (view as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag]
  const View = Object.hasOwn(VIEWS, kind) ? VIEWS[kind as keyof typeof VIEWS] : undefined
  if (View === undefined) throw new NotPlain(`a ${kind}, which is not supported`)
  if (view.constructor === View) return view
  return new View(view.buffer as ArrayBuffer, view.byteOffset, (view as Uint8Array).length)
}

function countEntries(count: number, walk: Walk): void {
  walk.entries += count
  if (walk.entries <= MAX_VALUE_ENTRIES) return
  throw new LightflowError('LF_VALUE_TOO_LARGE', `A value has more than ${MAX_VALUE_ENTRIES} entries.`, {
    hint: 'Pass numbers as a typed array (Float64Array and the like): it counts as one entry.',
  })
}

/** The place of a cycle repeats itself: its beginning says enough. */
const MAX_KEYS_SHOWN = 8
const MAX_KEY_SHOWN_LENGTH = 60

function describe({ message, keys, isCycle, cause }: NotPlain): LightflowError {
  const outermost = keys.toReversed().map(key => key.slice(0, MAX_KEY_SHOWN_LENGTH))
  const rest = outermost.length > MAX_KEYS_SHOWN ? ['…'] : []
  const place = [...outermost.slice(0, MAX_KEYS_SHOWN), ...rest].join('.')
  const where = place === '' ? '' : ` at ${place}`
  const what = isCycle ? 'an object that contains itself' : message
  return new LightflowError('LF_ENCODE', `A value cannot be passed on${where}: it is ${what}.`, {
    hint: PLAIN_DATA_HINT,
    cause,
    facts: { place, what },
  })
}
