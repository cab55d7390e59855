/**
 * Leaves are msgpack, with one agreement: a list always starts with the longest form of an array's head (0xdd and a 32-bit count), although
 * shorter ones exist. So a list is known by its first byte, and two lists are joined by adding their counts and their bytes.
 */
import { encode } from '../../protocols/msgpack.ts'

const LIST_MARK = 0xdd
const LIST_HEAD_BYTES = 5

/** Throws `LF_ENCODE`, `LF_VALUE_TOO_LARGE`. */
export function encodeLeaf(value: unknown): Uint8Array {
  const bytes = encode(value)
  return Array.isArray(value) ? listOf(value.length, bytes.subarray(headBytesOf(value.length))) : bytes
}

export function isList(leaf: Uint8Array): boolean {
  return leaf[0] === LIST_MARK
}

export function appendToList(list: Uint8Array, more: Uint8Array): Uint8Array {
  const elements = [list.subarray(LIST_HEAD_BYTES), more.subarray(LIST_HEAD_BYTES)]
  return listOf(countOf(list) + countOf(more), ...elements)
}

function listOf(count: number, ...elements: Uint8Array[]): Uint8Array {
  const head = new Uint8Array(LIST_HEAD_BYTES)
  head[0] = LIST_MARK
  new DataView(head.buffer).setUint32(1, count)
  return new Uint8Array(Buffer.concat([head, ...elements]))
}

function countOf(list: Uint8Array): number {
  return new DataView(list.buffer, list.byteOffset, LIST_HEAD_BYTES).getUint32(1)
}

/** Of the shortest form, which the encoder chooses. */
function headBytesOf(count: number): number {
  if (count < 16) return 1
  return count < 65_536 ? 3 : LIST_HEAD_BYTES
}
