/**
 * The payload port: bytes by content, on their way from the attempt that made them to the attempt that needs them.
 * Small payloads travel inline in the ledger; larger ones are files of this host, named by their SHA-256.
 * This room never looks inside the bytes and never asks the ledger.
 */
import type { PayloadRef } from '../lease/records.ts'
import type { FileSource, NamedFile } from '../tasks/named-file.ts'

export interface PayloadStore {
  /** Keeps the bytes durably and names them. Throws `LF_PAYLOAD_NOT_KEPT` (disk full, no permission). */
  put(bytes: Uint8Array): Promise<PayloadRef>
  /**
   * The bytes, hash checked; fetched from a holder when they are not on this host. Throws `LF_PAYLOAD_MISSING`, `LF_PAYLOAD_LOST` (nobody
   * has them any more), `LF_PAYLOAD_CORRUPT`, `LF_PAYLOAD_NOT_KEPT`, or the reason of the signal when it ends a fetch.
   */
  get(ref: PayloadRef, signal?: AbortSignal): Promise<Uint8Array>
  /**
   * Has other peers keep copies until so many peers hold what was put here, and returns the reference that names them: fewer when not
   * enough of them can, or the signal aborts. Never throws.
   */
  spread(ref: PayloadRef, wanted: CopiesWanted, signal: AbortSignal): Promise<PayloadRef>
}

/** Files that tasks name instead of carrying them. */
export interface NamedFiles {
  /** From now on other peers may have this file for the run. Returns this peer's id. Throws `LF_PAYLOAD_NOT_KEPT`. */
  name(run: string, file: NamedFile): Promise<string>
  /**
   * Path of a verified, read-only copy of a file that another host has, there for as long as `run` lives. Throws `LF_FILE_LOST` and
   * `LF_FILE_CHANGED` when it cannot be had, `LF_PAYLOAD_NOT_KEPT`, or the reason of the signal.
   */
  fetch(run: string, file: NamedFile, source: FileSource, signal: AbortSignal): Promise<string>
}

export interface CopiesWanted {
  /** This peer's own included. */
  copies: number
  /** Peer ids, the best place first. */
  at: readonly string[]
  /** A peer that has the same folder will do: for one that leaves. */
  alsoShared?: boolean
}

/** Of an `LF_PAYLOAD_LOST` or `LF_FILE_LOST`: peers (ids) that may have the payload although they could not be asked now. */
export function undecidedHolders(error: unknown): string[] {
  const { facts } = error as { facts?: { undecided?: unknown } }
  return Array.isArray(facts?.undecided) ? facts.undecided.map(String) : []
}
