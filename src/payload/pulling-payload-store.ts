/**
 * The payload store of a peer that has others: what is not on this host, or was spoilt here, is pulled from who holds it. Everything
 * else is the business of the store below.
 */
import { hasCode } from '../core/errors.ts'
import type { PayloadRef } from '../lease/records.ts'
import type { FilePayloadStore } from './files/file-payload-store.ts'
import type { CopiesWanted, PayloadStore } from './payload-store.ts'
import type { Puller } from './transfer/puller.ts'
import type { Replicator } from './transfer/replicator.ts'

export interface PullingPayloadStoreParts {
  local: FilePayloadStore
  puller: Pick<Puller, 'pull'>
  replicator: Pick<Replicator, 'spread'>
}

const NEVER = new AbortController().signal

export class PullingPayloadStore implements PayloadStore {
  /** Bytes of inputs that were on this host already, or travelled in the ledger: what did not have to be pulled. */
  localBytes = 0
  readonly #parts: PullingPayloadStoreParts

  constructor(parts: PullingPayloadStoreParts) {
    this.#parts = parts
  }

  put(bytes: Uint8Array): Promise<PayloadRef> {
    return this.#parts.local.put(bytes)
  }

  async get(ref: PayloadRef, signal: AbortSignal = NEVER): Promise<Uint8Array> {
    const { local, puller } = this.#parts
    if (ref.inline !== null) return this.#counted(await local.get(ref))
    // Marked as needed: it is not removed between this look and the reading.
    if (await local.files.touch(ref.hash)) {
      try {
        return this.#counted(await local.get(ref))
      } catch (error) {
        if (!hasCode(error, 'LF_PAYLOAD_CORRUPT') && !hasCode(error, 'LF_PAYLOAD_MISSING')) throw error
      }
    }
    await puller.pull(ref, signal)
    return local.get(ref)
  }

  spread(ref: PayloadRef, wanted: CopiesWanted, signal: AbortSignal): Promise<PayloadRef> {
    return this.#parts.replicator.spread(ref, wanted, signal)
  }

  #counted(bytes: Uint8Array): Uint8Array {
    this.localBytes += bytes.byteLength
    return bytes
  }
}
