import { isNdArray, NdArray } from '../../protocols/nd-array.ts'

/**
 * A deep copy of plain data. Values that cannot be copied (functions, sockets) are an error of the platform, `DataCloneError`.
 * The platform's own copy forgets classes, so each `NdArray` is put back in its place.
 */
export function copyData<T>(value: T): T {
  return restored(value, structuredClone(value), new Set()) as T
}

/** `original` and `copy` have the same form: they are walked side by side. */
function restored(original: unknown, copy: unknown, seen: Set<object>): unknown {
  if (typeof original !== 'object' || original === null || ArrayBuffer.isView(original)) return copy
  if (isNdArray(original)) return new NdArray((copy as NdArray).data, original.shape)
  if (seen.has(original)) return copy
  seen.add(original)
  if (original instanceof Map) restoreMap(original, copy as Map<unknown, unknown>, seen)
  else if (original instanceof Set) restoreSet(original, copy as Set<unknown>, seen)
  else restoreFields(original as Fields, copy as Fields, seen)
  return copy
}

type Fields = Record<string, unknown>

function restoreFields(original: Fields, copy: Fields, seen: Set<object>): void {
  for (const key of Object.keys(original)) {
    const child = original[key]
    // Long lists of numbers are the ordinary case.
    if (typeof child !== 'object' || child === null) continue
    const kept = restored(child, copy[key], seen)
    if (kept !== copy[key]) copy[key] = kept
  }
}

function restoreMap(original: Map<unknown, unknown>, copy: Map<unknown, unknown>, seen: Set<object>): void {
  const copies = Array.from(copy)
  copy.clear()
  let index = 0
  for (const [key, child] of original) {
    const [copiedKey, copiedChild] = copies[index++] as [unknown, unknown]
    copy.set(restored(key, copiedKey, seen), restored(child, copiedChild, seen))
  }
}

function restoreSet(original: Set<unknown>, copy: Set<unknown>, seen: Set<object>): void {
  const copies = Array.from(copy)
  copy.clear()
  let index = 0
  for (const child of original) copy.add(restored(child, copies[index++], seen))
}
