/**
 * Payloads as files of this host, written once and shared by all peers of the host. A file is there whole or not at all, also after a
 * power cut. A file that the disk has spoilt is set aside when it is read, and counts as missing from then on; putting the same bytes
 * again repairs it. Reading, hashing and writing go in steps, so that a payload of gigabytes does not delay a beat.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Clock, systemClock } from '../../core/clock.ts'
import { hasCode } from '../../core/errors.ts'
import { systemRandom } from '../../core/random.ts'
import type { PayloadRef } from '../../lease/records.ts'
import { checkPayload, isHash, isInlineSize, namePayload, payloadCorrupt, payloadMissing } from '../name-payload.ts'
import { STEP_BYTES } from '../payload-limits.ts'
import type { PayloadStore } from '../payload-store.ts'
import { notKept } from './not-kept.ts'
import { PayloadFiles } from './payload-files.ts'
import { type AtomicWriteOptions, makeFolder, writeAtomically } from './write-atomically.ts'

export interface FilePayloadStoreOptions extends AtomicWriteOptions {
  /** Made when it is not there. */
  folder: string
  /** The id that references name as holder. */
  peer: string
  clock?: Pick<Clock, 'wallMs'>
}

export class FilePayloadStore implements PayloadStore {
  readonly files: PayloadFiles
  readonly #options: FilePayloadStoreOptions

  constructor(options: FilePayloadStoreOptions) {
    const { folder, random = systemRandom, clock = systemClock } = options
    this.files = new PayloadFiles({ folder, random, clock })
    this.#options = options
  }

  async put(bytes: Uint8Array): Promise<PayloadRef> {
    const { peer } = this.#options
    if (isInlineSize(bytes.byteLength)) return namePayload(bytes, peer).ref
    const ref = { hash: await hashInSteps(bytes), sizeBytes: bytes.byteLength, inline: null, holders: [peer] }
    await this.#keep(ref, bytes)
    return ref
  }

  async get(ref: PayloadRef): Promise<Uint8Array> {
    if (ref.inline !== null) return checkPayload(ref, new Uint8Array(ref.inline))
    if (!isHash(ref.hash)) throw payloadMissing(ref)
    const file = await this.#open(ref)
    try {
      return await this.#read(ref, file)
    } finally {
      await file.close()
    }
  }

  /** There is nobody else. */
  async spread(ref: PayloadRef): Promise<PayloadRef> {
    return ref
  }

  async #keep(ref: PayloadRef, bytes: Uint8Array): Promise<void> {
    const path = this.files.pathOf(ref.hash)
    try {
      // Marked first: from then on it is not removed, or it is gone and written anew.
      if ((await this.files.touch(ref.hash)) && (await holds(path, ref))) return
      await makeFolder(dirname(path))
      await writeAtomically(path, bytes, this.#options)
    } catch (cause) {
      throw notKept(this.#options.folder, bytes.byteLength, cause)
    }
  }

  async #open(ref: PayloadRef): Promise<FileHandle> {
    try {
      return await open(this.files.pathOf(ref.hash), 'r')
    } catch (cause) {
      throw hasCode(cause, 'ENOENT') ? payloadMissing(ref) : payloadMissing(ref, cause)
    }
  }

  async #read(ref: PayloadRef, file: FileHandle): Promise<Uint8Array> {
    const found = await file.stat()
    // The reference may come from elsewhere: its size makes no room before the file was seen to have it.
    if (found.size === ref.sizeBytes) {
      const bytes = new Uint8Array(ref.sizeBytes)
      if ((await readInSteps(file, bytes)) === ref.hash) return bytes
    }
    await this.files.setAside(ref.hash)
    throw payloadCorrupt(ref, found.size)
  }
}

async function hashInSteps(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256')
  for (let at = 0; at < bytes.byteLength; at += STEP_BYTES) {
    if (at > 0) await nextTurn()
    hash.update(bytes.subarray(at, at + STEP_BYTES))
  }
  return hash.digest('hex')
}

/** Fills `bytes` from the beginning of the file; returns their hash. */
async function readInSteps(file: FileHandle, bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256')
  for (let at = 0; at < bytes.byteLength;) {
    const { bytesRead } = await file.read(bytes, at, Math.min(STEP_BYTES, bytes.byteLength - at), at)
    if (bytesRead === 0) break
    hash.update(bytes.subarray(at, at + bytesRead))
    at += bytesRead
  }
  return hash.digest('hex')
}

/** True when the file has exactly these bytes: reading them is cheaper than bringing them to the disk once more. */
async function holds(path: string, ref: PayloadRef): Promise<boolean> {
  try {
    return (await hashOfFile(path, ref.sizeBytes)) === ref.hash
  } catch {
    return false
  }
}

/** SHA-256 of a file of this size; undefined when it has another one. Needs the memory of one step. */
export async function hashOfFile(path: string, sizeBytes: number): Promise<string | undefined> {
  const file = await open(path, 'r')
  try {
    if ((await file.stat()).size !== sizeBytes) return undefined
    const hash = createHash('sha256')
    const step = Buffer.allocUnsafe(Math.min(STEP_BYTES, sizeBytes))
    for (let at = 0; at < sizeBytes;) {
      const { bytesRead } = await file.read(step, 0, step.length, at)
      if (bytesRead === 0) return undefined
      hash.update(step.subarray(0, bytesRead))
      at += bytesRead
    }
    return hash.digest('hex')
  } finally {
    await file.close()
  }
}
