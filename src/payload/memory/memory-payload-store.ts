/** Payloads in the memory of this process: for runs that leave nothing behind, and for the simulation. */
import type { PayloadRef } from '../../lease/records.ts'
import { checkPayload, namePayload, payloadMissing } from '../name-payload.ts'
import type { PayloadStore } from '../payload-store.ts'

export class MemoryPayloadStore implements PayloadStore {
  readonly #peer: string
  readonly #kept = new Map<string, Uint8Array>()

  /** `peer` is the id that references name as holder. */
  constructor({ peer }: { peer: string }) {
    this.#peer = peer
  }

  async put(bytes: Uint8Array): Promise<PayloadRef> {
    const { ref, isInline } = namePayload(bytes, this.#peer)
    if (!isInline && !this.#kept.has(ref.hash)) this.#kept.set(ref.hash, new Uint8Array(bytes))
    return ref
  }

  async get(ref: PayloadRef): Promise<Uint8Array> {
    const bytes = ref.inline ?? this.#kept.get(ref.hash)
    if (bytes === undefined) throw payloadMissing(ref)
    // A copy: what the reader does to it must not change what is kept.
    return new Uint8Array(checkPayload(ref, bytes))
  }

  /** There is nobody else. */
  async spread(ref: PayloadRef): Promise<PayloadRef> {
    return ref
  }
}
