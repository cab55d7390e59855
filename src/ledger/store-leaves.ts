/**
 * A run's store as leaves: one encoded value per dotted path, so that tasks can write side by side. A plain object is spread over the leaves
 * below its path; an empty object, an array and everything else is one leaf.
 *
 * Encoding, decoding and all checks of the value happen outside of the transaction ({@link encodeWrite}, {@link assemble}); inside it only
 * bytes are moved. Lists are kept in one form of msgpack, so that appending to them does not decode them.
 */
import { decode, encode } from '../../protocols/msgpack.ts'
import { MAX_STORE_VALUE_BYTES } from '../../protocols/limits.ts'
import { LightflowError } from '../core/errors.ts'
import type { StoreWrite } from '../lease/store-write.ts'
import { appendToList, encodeLeaf, isList } from './leaf-codec.ts'
import { MAX_LEAVES_PER_WRITE } from './ledger-limits.ts'
import { checkStoreKey, checkStorePath, pathsAbove } from './store-path.ts'
import type { LeafTable } from './tables.ts'

export type EncodedLeaf = [path: string, value: Uint8Array]

/** A store write whose values are checked and encoded. */
export type LeafWrite =
  | { kind: 'set'; path: string; leaves: EncodedLeaf[] }
  | { kind: 'append'; path: string; list: Uint8Array }
  | { kind: 'increment'; path: string; by: number }
  | { kind: 'delete'; path: string }

/** Throws `LF_STORE_PATH`, `LF_STORE_TYPE`, `LF_ENCODE` or `LF_VALUE_TOO_LARGE`. */
export function encodeWrite(write: StoreWrite): LeafWrite {
  const path = checkStorePath(write.path)
  switch (write.kind) {
    case 'set':
      return write.value === undefined
        ? { kind: 'delete', path }
        : { kind: 'set', path, leaves: leavesOf(path, write.value) }
    case 'push':
      return { kind: 'append', path, list: encodeLeaf([write.value]) }
    case 'extend':
      if (!Array.isArray(write.value)) throw wrongType(path, 'Only a list can extend a list')
      return { kind: 'append', path, list: encodeLeaf(write.value) }
    case 'increment':
      if (typeof write.value !== 'number') throw wrongType(path, 'A number can only be incremented by a number')
      return { kind: 'increment', path, by: write.value }
    case 'delete':
      return { kind: 'delete', path }
    default:
      throw wrongType(path, 'This kind of write does not exist')
  }
}

/** Throws as {@link encodeWrite}. */
export function leavesOf(path: string, value: unknown): EncodedLeaf[] {
  const leaves: EncodedLeaf[] = []
  let sizeBytes = 0
  const open = new Set<unknown>()
  const visit = (path: string, value: unknown) => {
    if (isBranch(value) && !open.has(value)) {
      open.add(value)
      for (const [key, child] of definedEntries(value)) {
        checkStoreKey(key, path)
        visit(`${path}.${key}`, child)
      }
      open.delete(value)
      return
    }
    const leaf = encodeLeaf(value)
    sizeBytes += leaf.byteLength
    leaves.push([checkStorePath(path), leaf])
    if (leaves.length > MAX_LEAVES_PER_WRITE || sizeBytes > MAX_STORE_VALUE_BYTES) throw tooLarge(path)
  }
  visit(checkStorePath(path), value)
  return leaves
}

/** A plain object with something in it. */
function isBranch(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && definedEntries(value).length > 0
}

function definedEntries(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, child]) => child !== undefined)
}

/** The leaf at `path`, or all below it; none when nothing is there. */
export function readLeaves(table: LeafTable, path: string): EncodedLeaf[] {
  const leaf = table.leaf(path)
  return leaf === undefined ? table.leavesBelow(path) : [[path, leaf]]
}

/** The value that these leaves make together; undefined for none. */
export function assemble(path: string, leaves: readonly EncodedLeaf[]): unknown {
  const [first] = leaves
  if (first === undefined) return undefined
  if (first[0] === path) return decode(first[1])
  const root: Record<string, unknown> = {}
  for (const [leafPath, value] of leaves) {
    const parts = leafPath.slice(path.length + 1).split('.')
    const name = parts.pop() ?? ''
    branchAt(root, parts)[name] = decode(value)
  }
  return root
}

function branchAt(root: Record<string, unknown>, parts: readonly string[]): Record<string, unknown> {
  let branch = root
  for (const part of parts) {
    branch[part] ??= {}
    branch = branch[part] as Record<string, unknown>
  }
  return branch
}

/** Throws `LF_STORE_TYPE` or `LF_VALUE_TOO_LARGE`, with nothing changed by the transaction. */
export function writeLeaves(table: LeafTable, write: LeafWrite): void {
  switch (write.kind) {
    case 'set':
      clear(table, write.path)
      for (const above of pathsAbove(write.path)) table.deleteLeaf(above)
      for (const [path, value] of write.leaves) table.putLeaf(path, value)
      return
    case 'append':
      return append(table, write.path, write.list)
    case 'increment':
      return increment(table, write.path, write.by)
    case 'delete':
      return clear(table, write.path)
  }
}

function clear(table: LeafTable, path: string): void {
  table.deleteLeaf(path)
  table.deleteLeavesBelow(path)
}

function append(table: LeafTable, path: string, list: Uint8Array): void {
  const known = table.leaf(path)
  if (known !== undefined && !isList(known)) throw wrongType(path, 'There is no list')
  if (known === undefined) makeRoom(table, path, 'There is no list')
  const appended = known === undefined ? list : appendToList(known, list)
  if (appended.byteLength > MAX_STORE_VALUE_BYTES) throw tooLarge(path)
  table.putLeaf(path, appended)
}

function increment(table: LeafTable, path: string, by: number): void {
  const known = table.leaf(path)
  const value = known === undefined ? 0 : decode(known)
  if (typeof value !== 'number') throw wrongType(path, 'There is no number')
  if (known === undefined) makeRoom(table, path, 'There is no number')
  table.putLeaf(path, encode(value + by))
}

/** A new leaf may stand below an empty object, but neither above nor below other values. */
function makeRoom(table: LeafTable, path: string, problem: string): void {
  if (table.leavesBelow(path).length > 0) throw wrongType(path, problem)
  for (const above of pathsAbove(path)) {
    const leaf = table.leaf(above)
    if (leaf === undefined) continue
    if (!isEmptyObject(leaf)) throw wrongType(path, `There is already a value at "${above}"`)
    table.deleteLeaf(above)
  }
}

function isEmptyObject(leaf: Uint8Array): boolean {
  const value = decode(leaf)
  return isPlainObject(value) && Object.keys(value).length === 0
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function wrongType(path: string, problem: string): LightflowError {
  return new LightflowError('LF_STORE_TYPE', `The store cannot do this at "${path}": ${problem}.`, {
    hint: '`push` and `extend` need a list, `increment` needs a number. Use `set` to replace what is there.',
    facts: { path },
  })
}

function tooLarge(path: string): LightflowError {
  const limits = `${MAX_STORE_VALUE_BYTES} bytes or ${MAX_LEAVES_PER_WRITE} values`
  return new LightflowError(
    'LF_VALUE_TOO_LARGE',
    `The value at "${path}" is too large for the store (limit ${limits}).`,
    {
      hint: 'The store is for small shared values. Return large ones from the task, or write a file and store its path.',
      facts: { path },
    },
  )
}
