/**
 * What a value must be before it is encoded: plain data. Everything that the encoding would lose or change silently is refused here,
 * with the place where it was found. A value that needs no change is handed through as it is; only the way to a changed part is copied.
 */
import { types } from 'node:util'
import { LightflowError } from '../src/core/errors.ts'
import { MAX_VALUE_DEPTH } from './limits.ts'
import { FORBIDDEN_KEYS, MAX_BIGINT_BYTES, MAX_VALUE_ENTRIES } from './value-limits.ts'

export const PLAIN_DATA_HINT =
  'Tasks exchange plain data: numbers, text, booleans, null, arrays, objects, Date, Map, Set, BigInt, typed arrays and Buffers.'

/** A Map on its way: keys and values in turns. It has its own mark in the encoding, so that it does not come back as an object. */
export class MapEntries {
  readonly flat: readonly unknown[]

  constructor(flat: readonly unknown[]) {
    this.flat = flat
  }
}

/** Returns `value` made of plain data only; throws `LF_ENCODE` naming the place of what is not. */
export function toPlainData(value: unknown): unknown {
  return plain(value, 0, { keys: [], objects: [], entries: 0 })
}

interface Walk {
  /** Keys from the root to here, valid up to the current depth. */
  keys: unknown[]
  /** Objects from the root to here, likewise. */
  objects: object[]
  entries: number
}

function plain(value: unknown, depth: number, walk: Walk): unknown {
  if (typeof value === 'object') return value === null ? null : plainObject(value, depth, walk)
  if (typeof value === 'function' || typeof value === 'symbol') throw notPlain(`a ${typeof value}`, depth, walk)
  if (typeof value === 'bigint' && (value > MAX_BIGINT || value < -MAX_BIGINT)) {
    throw notPlain(`a BigInt of more than ${MAX_BIGINT_BYTES} bytes`, depth, walk)
  }
  return value
}

const MAX_BIGINT = (1n << BigInt(MAX_BIGINT_BYTES * 8 - 8)) - 1n

function plainObject(value: object, depth: number, walk: Walk): unknown {
  if (ArrayBuffer.isView(value)) return plainView(value, depth, walk)
  if (value instanceof Date || value instanceof ArrayBuffer) return value
  if (depth > MAX_VALUE_DEPTH) throw tooDeep(walk)
  walk.objects[depth] = value
  if (Array.isArray(value)) return plainArray(value, depth, walk)
  if (value instanceof Map) return new MapEntries(plainArray(Array.from(value).flat(1), depth, walk))
  if (value instanceof Set) return plainSet(value, depth, walk)
  const prototype: unknown = Object.getPrototypeOf(value)
  const isPlain = prototype === Object.prototype || prototype === null
  return isPlain ? plainRecord(value, depth, walk) : plainInstance(value, depth, walk)
}

function plainArray(array: readonly unknown[], depth: number, walk: Walk): readonly unknown[] {
  countEntries(array.length, walk)
  let copy: unknown[] | null = null
  for (let index = 0; index < array.length; index++) {
    const child = array[index]
    if (typeof child === 'number' || typeof child === 'string') continue
    walk.keys[depth] = index
    const kept = plain(child, depth + 1, walk)
    if (kept !== child) {
      copy ??= Array.from(array)
      copy[index] = kept
    }
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
    walk.keys[depth] = key
    if (FORBIDDEN_KEYS.has(key)) throw notPlain('under a reserved key (use a Map for such keys)', depth + 1, walk)
    const child = read(record, key, depth + 1, walk)
    const kept = plain(child, depth + 1, walk)
    if (!Object.is(kept, child)) {
      copy ??= { ...record }
      copy[key] = kept
    }
  }
  return copy ?? record
}

function read(record: object, key: string, depth: number, walk: Walk): unknown {
  try {
    return (record as Record<string, unknown>)[key]
  } catch (cause) {
    throw notPlain('a property that throws when it is read', depth, walk, cause)
  }
}

/** An instance of a class arrives as a plain object of its fields; `toJSON` is honoured; one that hides all it has is refused. */
function plainInstance(value: object, depth: number, walk: Walk): unknown {
  if (types.isBoxedPrimitive(value)) return plain(value.valueOf(), depth, walk)
  if (value instanceof Promise) throw notPlain('a Promise (await it first)', depth, walk)
  if (value instanceof Error) throw notPlain('an Error (pass its message on instead)', depth, walk)
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') return plain(callToJson(value, toJSON, depth, walk), depth + 1, walk)
  const name = className(value)
  if (Object.keys(value).length === 0) throw notPlain(`a ${name}, which has no fields to pass on`, depth, walk)
  return plainRecord({ ...value }, depth, walk)
}

function callToJson(value: object, toJSON: Function, depth: number, walk: Walk): unknown {
  walk.keys[depth] = 'toJSON()'
  try {
    return Reflect.apply(toJSON, value, [''])
  } catch (cause) {
    throw notPlain(`a ${className(value)} whose toJSON throws`, depth, walk, cause)
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
function plainView(view: ArrayBufferView, depth: number, walk: Walk): ArrayBufferView {
  if (view instanceof DataView || view instanceof Buffer) return view
  const kind = (view as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag]
  const View = Object.hasOwn(VIEWS, kind) ? VIEWS[kind as keyof typeof VIEWS] : undefined
  if (View === undefined) throw notPlain(`a ${kind}, which is not supported`, depth, walk)
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

function tooDeep(walk: Walk): LightflowError {
  const isCycle = new Set(walk.objects).size < walk.objects.length
  const what = isCycle ? 'an object that contains itself' : `nested deeper than ${MAX_VALUE_DEPTH} levels`
  return notPlain(what, 5, walk)
}

function notPlain(what: string, depth: number, walk: Walk, cause?: unknown): LightflowError {
  const where = depth === 0 ? '' : ` at ${walk.keys.slice(0, depth).map(shown).join('.')}`
  return new LightflowError('LF_ENCODE', `A value cannot be passed on${where}: it is ${what}.`, {
    hint: PLAIN_DATA_HINT,
    cause,
  })
}

const MAX_SHOWN_KEY_LENGTH = 60

function shown(key: unknown): string {
  return String(key).slice(0, MAX_SHOWN_KEY_LENGTH)
}
