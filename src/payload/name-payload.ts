/** What both stores agree on: how a payload is named, which ones travel inline, and what is said when one is not there or not right. */
import { hash } from 'node:crypto'
import { MAX_INLINE_PAYLOAD_BYTES } from '../../protocols/limits.ts'
import { LightflowError } from '../core/errors.ts'
import type { PayloadRef } from '../lease/records.ts'

export interface PayloadName {
  ref: PayloadRef
  /** The bytes travel in the reference: there is nothing else to keep. */
  isInline: boolean
}

/** Payloads of this size travel in the reference. */
export function isInlineSize(sizeBytes: number): boolean {
  return sizeBytes <= MAX_INLINE_PAYLOAD_BYTES
}

export function namePayload(bytes: Uint8Array, peer: string): PayloadName {
  const isInline = isInlineSize(bytes.byteLength)
  const inline = isInline ? new Uint8Array(bytes) : null
  const ref = { hash: hashOf(bytes), sizeBytes: bytes.byteLength, inline, holders: isInline ? [] : [peer] }
  return { ref, isInline }
}

/** Returns `bytes` if they are what `ref` names; throws `LF_PAYLOAD_CORRUPT`. */
export function checkPayload(ref: PayloadRef, bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength === ref.sizeBytes && hashOf(bytes) === ref.hash) return bytes
  throw payloadCorrupt(ref, bytes.byteLength)
}

export function payloadCorrupt(ref: PayloadRef, foundBytes: number): LightflowError {
  return new LightflowError('LF_PAYLOAD_CORRUPT', `The payload ${shortHash(ref)} is not what was stored.`, {
    hint: 'The disk or the transfer changed it. If the peer that made it keeps reporting this, check its disk.',
    facts: { hash: ref.hash, expectedBytes: ref.sizeBytes, foundBytes },
  })
}

export function payloadMissing(ref: PayloadRef, cause?: unknown): LightflowError {
  const holders = ref.holders.length === 0 ? 'nobody is known to hold it' : `held by ${ref.holders.join(', ')}`
  return new LightflowError('LF_PAYLOAD_MISSING', `The payload ${shortHash(ref)} is not here (${holders}).`, {
    hint: 'It is there again when a peer that holds it is back; otherwise the task that made it has to run again.',
    facts: { hash: ref.hash, holders: ref.holders },
    cause,
  })
}

const HASH_PATTERN = /^[0-9a-f]{64}$/

/** References come from elsewhere: a hash that is none must never become part of a path. */
export function isHash(hash: string): boolean {
  return HASH_PATTERN.test(hash)
}

/**
 * Nobody who could be asked has it. `answers` says, per peer id, why; `undecided` are those who could not be asked, or were busy: they may
 * have it still.
 */
export function payloadLost(
  ref: PayloadRef,
  answers: ReadonlyMap<string, string>,
  undecided: readonly string[],
): LightflowError {
  const holders = [...new Set([...ref.holders, ...answers.keys()])]
  const told = holders.map(holder => `${holder}: ${answers.get(holder) ?? 'not asked'}`)
  const who = told.length === 0 ? 'nobody is known to hold it' : told.join('; ')
  return new LightflowError('LF_PAYLOAD_LOST', `The payload ${shortHash(ref)} cannot be had from anybody (${who}).`, {
    hint: 'It is there again when a peer that holds it is back; otherwise the task that made it has to run again: start a new run.',
    facts: { hash: ref.hash, sizeBytes: ref.sizeBytes, holders, answers: Object.fromEntries(answers), undecided },
  })
}

function hashOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex')
}

/** Enough to find it, short enough to read. */
const SHOWN_HASH_LENGTH = 12

function shortHash({ hash, sizeBytes }: PayloadRef): string {
  return `${hash.slice(0, SHOWN_HASH_LENGTH)} (${sizeBytes} bytes)`
}
