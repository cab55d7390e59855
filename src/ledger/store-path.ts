/** Dotted paths into a run's store. */
import { LightflowError } from '../core/errors.ts'
import { MAX_STORE_PATH_LENGTH } from './ledger-limits.ts'

const FORBIDDEN_PARTS = new Set(['__proto__', 'constructor', 'prototype'])

/** Throws `LF_STORE_PATH` unless `path` names a place in the store. */
export function checkStorePath(path: unknown): string {
  if (typeof path !== 'string' || path === '') throw badPath(String(path), 'it is empty')
  if (path.length > MAX_STORE_PATH_LENGTH) {
    throw badPath(`${path.slice(0, 60)}…`, `it is longer than ${MAX_STORE_PATH_LENGTH} characters`)
  }
  for (const part of path.split('.')) checkStoreKey(part, path)
  return path
}

/** The same for one key of an object that is stored; a dot in it would name another place. */
export function checkStoreKey(key: string, path: string): void {
  if (key === '') throw badPath(path, 'a part of it is empty')
  if (key.includes('.')) throw badPath(path, `the key "${key}" contains a dot`)
  if (key.includes('\0')) throw badPath(path, 'it contains a null character')
  if (FORBIDDEN_PARTS.has(key)) throw badPath(path, `"${key}" is not allowed`)
}

/** `a.b.c` → `a`, `a.b`. */
export function pathsAbove(path: string): string[] {
  const parts = path.split('.')
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('.'))
}

function badPath(path: string, reason: string): LightflowError {
  return new LightflowError('LF_STORE_PATH', `"${path}" is not a place in the store: ${reason}.`, {
    hint: 'Paths are names joined by dots, such as `results.0007`. Keys that are no names can be kept in a Map.',
    facts: { path },
  })
}
