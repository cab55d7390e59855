/**
 * Payloads as files of this host, `<folder>/<first two digits>/<hash>`, written once and shared by all peers of the host. A file is
 * there whole or not at all, also after a power cut. Putting the same bytes again repairs a file that the disk has spoilt.
 */
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { LightflowError, hasCode } from '../../core/errors.ts'
import type { PayloadRef } from '../../lease/records.ts'
import { checkPayload, hashOfStream, isHash, namePayload, payloadMissing } from '../name-payload.ts'
import type { PayloadStore } from '../payload-store.ts'
import { type AtomicWriteOptions, makeFolder, writeAtomically } from './write-atomically.ts'

export interface FilePayloadStoreOptions extends AtomicWriteOptions {
  /** Made when it is not there. */
  folder: string
  /** The id that references name as holder. */
  peer: string
}

export class FilePayloadStore implements PayloadStore {
  readonly #options: FilePayloadStoreOptions

  constructor(options: FilePayloadStoreOptions) {
    this.#options = options
  }

  async put(bytes: Uint8Array): Promise<PayloadRef> {
    const { ref, isInline } = namePayload(bytes, this.#options.peer)
    if (!isInline) await this.#keep(ref, bytes)
    return ref
  }

  async get(ref: PayloadRef): Promise<Uint8Array> {
    if (ref.inline !== null) return checkPayload(ref, new Uint8Array(ref.inline))
    if (!isHash(ref.hash)) throw payloadMissing(ref)
    return checkPayload(ref, await this.#read(ref))
  }

  async #keep(ref: PayloadRef, bytes: Uint8Array): Promise<void> {
    const file = this.#file(ref.hash)
    try {
      if (await holds(file, ref)) return
      await makeFolder(dirname(file))
      await writeAtomically(file, bytes, this.#options)
    } catch (cause) {
      throw notKept(this.#options.folder, bytes.byteLength, cause)
    }
  }

  async #read(ref: PayloadRef): Promise<Uint8Array> {
    try {
      const { buffer, byteOffset, byteLength } = await readFile(this.#file(ref.hash))
      return new Uint8Array(buffer, byteOffset, byteLength)
    } catch (cause) {
      throw hasCode(cause, 'ENOENT') ? payloadMissing(ref) : payloadMissing(ref, cause)
    }
  }

  #file(hash: string): string {
    return join(this.#options.folder, hash.slice(0, 2), hash)
  }
}

/** True when the file has exactly these bytes: reading them is cheaper than bringing them to the disk once more. */
async function holds(file: string, ref: PayloadRef): Promise<boolean> {
  const found = await stat(file).catch(() => undefined)
  if (found?.isFile() !== true || found.size !== ref.sizeBytes) return false
  return (await hashOfStream(createReadStream(file)).catch(() => undefined)) === ref.hash
}

const HINTS: Record<string, string> = {
  ENOSPC: 'The disk is full: make room there, or point LF_HOME to another disk.',
  EDQUOT: 'Your disk quota is used up: make room there, or point LF_HOME to another disk.',
  EACCES: 'The peer may not write there: correct the permissions of the folder, or point LF_HOME elsewhere.',
  EPERM: 'The peer may not write there: correct the permissions of the folder, or point LF_HOME elsewhere.',
  EROFS: 'The file system there is read-only: point LF_HOME elsewhere.',
}

function notKept(folder: string, sizeBytes: number, cause: unknown): LightflowError {
  const code = String((cause as { code?: unknown }).code)
  const hint = HINTS[code] ?? `The system said: ${(cause as Error).message}`
  return new LightflowError('LF_PAYLOAD_NOT_KEPT', `A payload of ${sizeBytes} bytes could not be kept in ${folder}.`, {
    hint,
    facts: { folder, sizeBytes, systemCode: code },
    cause,
  })
}
