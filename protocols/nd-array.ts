/**
 * An array of several dimensions, as detectors and NumPy know it: elements of one type, row by row (C order), with a shape. It goes
 * between tasks bit by bit. Known by a brand, never by `instanceof`, which fails when a workflow brings its own copy of this package.
 */
import { LightflowError } from '../src/core/errors.ts'

const KINDS = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const

/** Names of element types, as NumPy writes them. */
export type DType = keyof typeof KINDS
export type NdArrayData =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array

/** What NumPy allows, too. */
const MAX_ND_ARRAY_DIMENSIONS = 32
/** Sizes travel as 32-bit numbers. */
const MAX_ND_ARRAY_SIDE = 2 ** 32 - 1

const BRAND = Symbol.for('lightflow.nd-array')

export class NdArray<Data extends NdArrayData = NdArrayData> {
  /** Elements, the last index running fastest. The array itself, not a copy. */
  readonly data: Data
  /** Length of each dimension; `[]` for a single element. */
  readonly shape: readonly number[]

  /** Throws `LF_ND_ARRAY` when `shape` does not hold exactly the elements of `data`, or elements of this type cannot be passed on. */
  constructor(data: Data, shape: readonly number[] = [data.length]) {
    checkShape(shape, data.length)
    dtypeOf(data)
    this.data = data
    this.shape = Object.freeze([...shape])
  }

  /** An array of zeros. */
  static zeros(dtype: DType, shape: readonly number[]): NdArray {
    return new NdArray(new KINDS[dtype](countOf(shape)), shape)
  }

  /** The element type by NumPy's name: `float64`, `uint16`, … */
  get dtype(): DType {
    return dtypeOf(this.data)
  }

  get [BRAND](): true {
    return true
  }

  /** The element at these indices, one per dimension, counted from 0. Throws `LF_ND_ARRAY` outside of the shape. */
  at(...indices: number[]): Data[number] {
    return this.data[this.#place(indices)] as Data[number]
  }

  /** Changes the element at these indices. Throws `LF_ND_ARRAY` outside of the shape. */
  set(value: Data[number], ...indices: number[]): void {
    this.data[this.#place(indices)] = value
  }

  #place(indices: readonly number[]): number {
    const isInside =
      indices.length === this.shape.length &&
      indices.every((index, axis) => Number.isInteger(index) && index >= 0 && index < (this.shape[axis] as number))
    if (!isInside) throw notAnArray(`[${indices.join(', ')}] is outside of the shape [${this.shape.join(', ')}]`)
    return indices.reduce((place, index, axis) => place * (this.shape[axis] as number) + index, 0)
  }
}

export function isNdArray(value: unknown): value is NdArray {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[BRAND] === true
}

/** NumPy's letters for the same types; all little-endian. */
const LETTERS: Readonly<Record<DType, string>> = {
  int8: '|i1',
  uint8: '|u1',
  int16: '<i2',
  uint16: '<u2',
  int32: '<i4',
  uint32: '<u4',
  int64: '<i8',
  uint64: '<u8',
  float32: '<f4',
  float64: '<f8',
}
const LETTERS_LENGTH = 3
const HEADER_BYTES = LETTERS_LENGTH + 1

/**
 * The wire form: three letters of type, one byte with the number of dimensions, each dimension as 32 bits (big-endian), then the
 * elements as they are in memory.
 */
export function packNdArray({ data, dtype, shape }: NdArray): Uint8Array {
  checkShape(shape, data.length)
  const headBytes = HEADER_BYTES + 4 * shape.length
  const packed = Buffer.allocUnsafe(headBytes + data.byteLength)
  packed.write(LETTERS[dtype], 'latin1')
  packed[LETTERS_LENGTH] = shape.length
  shape.forEach((side, axis) => packed.writeUInt32BE(side, HEADER_BYTES + 4 * axis))
  packed.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), headBytes)
  return packed
}

/** Throws `LF_ND_ARRAY` for bytes that are not the wire form. The elements are copied. */
export function unpackNdArray(bytes: Uint8Array): NdArray {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const letters = view.toString('latin1', 0, LETTERS_LENGTH)
  const dtype = (Object.keys(LETTERS) as DType[]).find(name => LETTERS[name] === letters)
  const dimensions = view[LETTERS_LENGTH] ?? 0
  const headBytes = HEADER_BYTES + 4 * dimensions
  if (dtype === undefined || bytes.length < headBytes) throw notAnArray('the received bytes are damaged')
  const shape = Array.from({ length: dimensions }, (_, axis) => view.readUInt32BE(HEADER_BYTES + 4 * axis))
  const Kind = KINDS[dtype]
  const elements = new Uint8Array(bytes.subarray(headBytes))
  if (elements.byteLength % Kind.BYTES_PER_ELEMENT !== 0) throw notAnArray('the received bytes end too early')
  return new NdArray(new Kind(elements.buffer), shape)
}

function dtypeOf(data: NdArrayData): DType {
  const found = (Object.keys(KINDS) as DType[]).find(name => data instanceof KINDS[name])
  if (found === undefined) throw notAnArray('its data are not a typed array of a known kind')
  return found
}

function checkShape(shape: readonly number[], count: number): void {
  const isShape = Array.isArray(shape) && shape.every(side => Number.isInteger(side) && side >= 0)
  if (!isShape || shape.length > MAX_ND_ARRAY_DIMENSIONS || shape.some(side => side > MAX_ND_ARRAY_SIDE)) {
    throw notAnArray(`its shape must be up to ${MAX_ND_ARRAY_DIMENSIONS} whole numbers`)
  }
  if (countOf(shape) !== count) throw notAnArray(`the shape [${shape.join(', ')}] does not hold ${count} elements`)
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((count, side) => count * side, 1)
}

function notAnArray(why: string): LightflowError {
  return new LightflowError('LF_ND_ARRAY', `This is no array: ${why}.`, {
    hint: 'Write new NdArray(new Float64Array(6), [2, 3]): the lengths of the dimensions multiply to the number of elements.',
  })
}
