import { decode, encode } from '../../protocols/msgpack.ts'
import { MAX_STORE_VALUE_BYTES } from '../../protocols/limits.ts'
import { FORBIDDEN_KEYS } from '../../protocols/value-limits.ts'
import { LightflowError } from '../core/errors.ts'
import { describeValue } from '../workflow/describe-value.ts'
import { isReservedMeta, NOTES_KEY } from '../workflow/run-meta.ts'
import type { TaskStore } from '../workflow/store.ts'
import type { TaskNotes } from '../workflow/task-call.ts'
import type { HostCalls } from './host-calls.ts'
import type { StoreSection, TaskHost } from './task-host.ts'

/**
 * The `store` of an attempt. What is wrong with a path or a value is said here, to the task that gave it: `LF_STORE_PATH`,
 * `LF_STORE_VALUE`, `LF_ENCODE`, `LF_VALUE_TOO_LARGE`. The host adds its own refusals.
 */
export function makeStore(host: TaskHost, calls: HostCalls, section: StoreSection = 'data'): TaskStore {
  const checkPath = (path: string): string => checkWritable(section, checkReadable(path))
  return Object.freeze({
    async get<T>(path: string, fallback?: T): Promise<T> {
      const value = await calls.run(() => host.storeGet(section, checkReadable(path)))
      return (value === undefined ? fallback : value) as T
    },
    set: async (path: string, value: unknown) =>
      await calls.run(() =>
        host.storeWrite({ kind: 'set', section, path: checkPath(path), value: snapshot(path, value) }),
      ),
    push: async (path: string, value: unknown) =>
      await calls.run(() =>
        host.storeWrite({ kind: 'push', section, path: checkPath(path), value: snapshot(path, value) }),
      ),
    async extend(path: string, values: readonly unknown[]) {
      if (!Array.isArray(values)) throw wrongValue(path, 'extended by a list', values)
      const value = snapshot(path, values) as unknown[]
      await calls.run(() => host.storeWrite({ kind: 'extend', section, path: checkPath(path), value }))
    },
    async increment(path: string, by = 1) {
      if (typeof by !== 'number' || !Number.isFinite(by)) throw wrongValue(path, 'incremented by a number', by)
      await calls.run(() => host.storeWrite({ kind: 'increment', section, path: checkPath(path), value: by }))
    },
    delete: async (path: string) =>
      await calls.run(() => host.storeWrite({ kind: 'delete', section, path: checkPath(path) })),
    section(name: StoreSection) {
      if (name === 'data' || name === 'meta') return makeStore(host, calls, name)
      throw new LightflowError('LF_STORE_PATH', `The store has no section ${describeValue(name)}.`, {
        hint: "There are 'data', which is yours, and 'meta'.",
      })
    },
  })
}

/** The `notes` of a kind of task: a part of the run's store in which authors cannot write. */
export function makeNotes(host: TaskHost, calls: HostCalls): TaskNotes {
  const at = (path: string): string => checkReadable(`${NOTES_KEY}.${path}`)
  return Object.freeze({
    async get<T>(path: string): Promise<T | null> {
      return ((await calls.run(() => host.storeGet('meta', at(path)))) ?? null) as T | null
    },
    set: async (path: string, value: unknown) =>
      await calls.run(() =>
        host.storeWrite({ kind: 'set', section: 'meta', path: at(path), value: snapshot(path, value) }),
      ),
  })
}

/** Longer paths are refused: they are names, not contents. */
const MAX_PATH_LENGTH = 1000

function checkReadable(path: unknown): string {
  const isPath =
    typeof path === 'string' &&
    path.length <= MAX_PATH_LENGTH &&
    path.split('.').every(part => part !== '' && !FORBIDDEN_KEYS.has(part))
  if (isPath) return path
  throw new LightflowError('LF_STORE_PATH', `${describeValue(path)} cannot be a path in the store.`, {
    hint: 'Use names joined by dots, like "results.0007".',
  })
}

function checkWritable(section: StoreSection, path: string): string {
  if (section === 'data' || !isReservedMeta(path)) return path
  throw new LightflowError('LF_STORE_PATH', `"${path}" of the section "meta" is kept by Lightflow itself.`, {
    hint: 'Read it, and write under another name.',
  })
}

/** A copy: what the author does to the value afterwards changes nothing, also where the host is in the same thread. */
function snapshot(path: string, value: unknown): unknown {
  if (value === undefined) throw wrongValue(path, 'set to a value', value)
  const bytes = encode(value)
  if (bytes.byteLength > MAX_STORE_VALUE_BYTES) {
    const size = `${bytes.byteLength} bytes (limit ${MAX_STORE_VALUE_BYTES})`
    throw new LightflowError('LF_VALUE_TOO_LARGE', `The value for "${path}" is too large for the store: ${size}.`, {
      hint: 'Pass large values on in the task data, and keep their name in the store.',
    })
  }
  return decode(bytes)
}

function wrongValue(path: string, expected: string, got: unknown): LightflowError {
  return new LightflowError(
    'LF_STORE_VALUE',
    `${describeValue(path)} in the store can be ${expected}, but got ${describeValue(got)}.`,
  )
}
