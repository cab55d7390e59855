/**
 * What peers say to each other about payloads, over `/lightflow/<incarnation>/payload/1`: length-prefixed frames, each one msgpack value.
 * It is read with every check, because anybody who was a member once may send anything.
 */
import { LightflowError } from '../src/core/errors.ts'
import { decode, encode } from './msgpack.ts'

export const PAYLOAD_PROTOCOL = 'payload/1'

export type PayloadRequest =
  /** Open a direct connection for this payload. */
  | { kind: 'door'; hash: string }
  /** Send these bytes of it here. */
  | { kind: 'read'; hash: string; offset: number; length: number }
  /** What came from you was not this payload: look at your file. */
  | { kind: 'suspect'; hash: string }
  /** Fetch this payload from me and keep it. `folder` is mine: see `PayloadFiles.id`. Answered by `noted` until it is there, then `kept`. */
  | { kind: 'keep'; hash: string; sizeBytes: number; folder: string }
  /** Fetch this payload from one of these peers (ids), whom I cannot reach, so that I can have it from you. Answered as `keep` is. */
  | { kind: 'fetch'; hash: string; sizeBytes: number; from: string[] }
  /**
   * What is the SHA-256 of the file that a task of this run named on your host? `hash` is its id (`fileId`), never a path. Answered by `noted`
   * while it is being read, then `file` or `changed`.
   */
  | { kind: 'file'; hash: string; run: string }

/** Where a direct connection is waited for, and the name and key that open it once. */
export interface PayloadDoor {
  port: number
  id: string
  key: string
}

export type PayloadAnswer =
  /** It is here; `door` is null when there is no direct way at the moment. */
  | { kind: 'here'; sizeBytes: number; door: PayloadDoor | null }
  /** Part of a range: the frames of one range follow each other until it is complete. */
  | { kind: 'bytes'; bytes: Uint8Array<ArrayBuffer> }
  | { kind: 'noted' }
  | { kind: 'kept' }
  /** The file is a payload by this name now. */
  | { kind: 'file'; hash: string; sizeBytes: number }
  /** It is another one by now: as large and as old as this; null when it is gone. */
  | { kind: 'changed'; found: { bytes: number; modifiedMs: number } | null }
  | { kind: 'no'; why: PayloadRefusal }

/**
 * `missing`: it is not here. `busy`: ask again later. `range`: it has no such bytes. `shared`: it has the same folder as who asks. `failed`: it
 * could not fetch or keep it.
 */
export type PayloadRefusal = (typeof REFUSALS)[number]

const REFUSALS = ['missing', 'busy', 'range', 'shared', 'failed'] as const

export function encodePayloadMessage(message: PayloadRequest | PayloadAnswer): Uint8Array {
  return encode({ v: 1, ...message })
}

/** Throws `LF_DECODE`, and nothing else, for bytes that are no request. */
export function decodePayloadRequest(bytes: Uint8Array): PayloadRequest {
  const { kind, hash, offset, length, sizeBytes, folder, from, run } = fieldsOf(bytes)
  if (typeof hash !== 'string' || !HASH_PATTERN.test(hash)) throw malformed('they name no payload')
  if (kind === 'door' || kind === 'suspect') return { kind, hash }
  if (kind === 'keep') {
    if (!isCount(sizeBytes) || typeof folder !== 'string' || !ID_PATTERN.test(folder))
      throw malformed('they name no copy')
    return { kind, hash, sizeBytes, folder }
  }
  if (kind === 'fetch') {
    if (!isCount(sizeBytes) || !isPeers(from)) throw malformed('they name no holders')
    return { kind, hash, sizeBytes, from }
  }
  if (kind === 'file') {
    if (!isRun(run)) throw malformed('they name no run')
    return { kind, hash, run }
  }
  if (kind !== 'read') throw malformed('they ask for something unknown')
  if (!isCount(offset) || !isCount(length)) throw malformed('they ask for no range')
  return { kind, hash, offset, length }
}

/** Throws `LF_DECODE`, and nothing else, for bytes that are no answer. */
export function decodePayloadAnswer(bytes: Uint8Array): PayloadAnswer {
  const { kind, sizeBytes, door, bytes: part, why, hash, found } = fieldsOf(bytes)
  if (kind === 'noted' || kind === 'kept') return { kind }
  if (kind === 'bytes' && part instanceof Uint8Array) return { kind, bytes: part as Uint8Array<ArrayBuffer> }
  if (kind === 'here' && isCount(sizeBytes)) return { kind, sizeBytes, door: readDoor(door) }
  if (kind === 'file' && isCount(sizeBytes) && typeof hash === 'string' && HASH_PATTERN.test(hash)) {
    return { kind, hash, sizeBytes }
  }
  if (kind === 'changed') return { kind, found: readFound(found) }
  const refusal = REFUSALS.find(known => known === why)
  if (kind === 'no' && refusal !== undefined) return { kind, why: refusal }
  throw malformed('they answer something unknown')
}

type Fields = Readonly<Record<string, unknown>>

const HASH_PATTERN = /^[0-9a-f]{64}$/
const ID_PATTERN = /^[0-9a-f]{32}$/
const MAX_PORT = 65_535
/** Of a request: a frame of it holds no more. */
export const MAX_PEERS_NAMED = 8
const MAX_PEER_ID_LENGTH = 100
/** Of the id of a run: a name and a little more. */
const MAX_RUN_CHARS = 300

function fieldsOf(bytes: Uint8Array): Fields {
  const value = decode(bytes)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    throw malformed('they are no message')
  }
  if ((value as Fields).v !== 1) throw malformed('their version is not 1')
  return value as Fields
}

function readDoor(value: unknown): PayloadDoor | null {
  if (value === null) return null
  const { port, id, key } = (value ?? {}) as Fields
  const isDoor = isCount(port) && port > 0 && port <= MAX_PORT && typeof id === 'string' && typeof key === 'string'
  if (!isDoor || !ID_PATTERN.test(id) || !HASH_PATTERN.test(key)) throw malformed('they offer a door that is none')
  return { port, id, key }
}

function isPeers(value: unknown): value is string[] {
  const isPeer = (peer: unknown) => typeof peer === 'string' && peer.length > 0 && peer.length <= MAX_PEER_ID_LENGTH
  return Array.isArray(value) && value.length > 0 && value.length <= MAX_PEERS_NAMED && value.every(isPeer)
}

function isRun(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_RUN_CHARS && value.isWellFormed()
}

function readFound(value: unknown): { bytes: number; modifiedMs: number } | null {
  if (value === null) return null
  const { bytes, modifiedMs } = (value ?? {}) as Fields
  if (!isCount(bytes) || !Number.isSafeInteger(modifiedMs)) throw malformed('they describe no file')
  return { bytes, modifiedMs: modifiedMs as number }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function malformed(why: string): LightflowError {
  return new LightflowError('LF_DECODE', `Received bytes are not a message about payloads: ${why}.`)
}
