/**
 * The payload port: bytes by content, on their way from the attempt that made them to the attempt that needs them.
 * Small payloads travel inline in the ledger; larger ones are files of this host, named by their SHA-256.
 * This room never looks inside the bytes and never asks the ledger.
 */
import type { PayloadRef } from '../lease/records.ts'

export interface PayloadStore {
  /** Keeps the bytes durably and names them. Throws `LF_PAYLOAD_NOT_KEPT` (disk full, no permission). */
  put(bytes: Uint8Array): Promise<PayloadRef>
  /** The bytes, hash checked. Throws `LF_PAYLOAD_MISSING` or `LF_PAYLOAD_CORRUPT`. */
  get(ref: PayloadRef): Promise<Uint8Array>
}
