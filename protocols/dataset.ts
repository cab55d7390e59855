/** One dataset on its way between tasks: what `TaskData` holds, as plain data. */
import { LightflowError } from '../src/core/errors.ts'
import { decode, encode } from './msgpack.ts'

export interface Dataset {
  data: Record<string, unknown>
  /** Names of the tasks that contributed, oldest first. */
  history: string[]
}

export function encodeDataset({ data, history }: Dataset): Uint8Array {
  return encode({ v: 1, data, history })
}

/** Throws `LF_DECODE` for anything that is not an encoded dataset. */
export function decodeDataset(bytes: Uint8Array): Dataset {
  const value = decode(bytes) as { v?: unknown; data?: unknown; history?: unknown } | null | undefined
  const { v, data, history } = value ?? {}
  if (v !== 1 || !isRecord(data) || !isNames(history)) {
    throw new LightflowError('LF_DECODE', 'Received bytes are not a dataset.')
  }
  return { data, history }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(name => typeof name === 'string')
}
