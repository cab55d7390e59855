/**
 * Liveness that the operating system vouches for, for the sessions of this host: a session's process keeps a lock on a small file, and the
 * session's document says where. Nothing is ever concluded about other hosts, or from a file that is missing.
 */
import { join } from 'node:path'
import { SessionLocks } from '../sqlite/session-locks.ts'
import type { Turn } from '../sqlite/busy-retry.ts'
import type { ProbeResult } from '../ledger.ts'
import { sessionHeadOf, type SessionHeadDoc } from './documents.ts'

/** Of this process, in any ledger: their files must not be touched, since closing one gives up the lock of the whole process. */
const heldHere = new Set<string>()

export class HostLocks {
  /** null: sessions of this ledger have no locks. */
  readonly folder: string | null
  readonly #host: string
  readonly #turn: Turn
  readonly #own: SessionLocks | null
  readonly #sessions = new Set<string>()

  constructor({ folder, host, turn }: { folder: string | null; host: string; turn: Turn }) {
    this.folder = folder
    this.#host = host
    this.#turn = turn
    this.#own = folder === null ? null : new SessionLocks(rootOf(folder), turn)
  }

  /** False when this session is held here already. */
  async hold(session: string): Promise<boolean> {
    if (this.#sessions.has(session)) return false
    await this.#own?.hold(session)
    this.#sessions.add(session)
    heldHere.add(session)
    return true
  }

  letGo(session: string): void {
    if (!this.#sessions.delete(session)) return
    heldHere.delete(session)
    this.#own?.letGo(session)
  }

  probe(doc: SessionHeadDoc): ProbeResult['verdict'] {
    const { _id, host, locks } = doc
    if (this.#sessions.has(_id) || heldHere.has(_id)) return 'alive'
    if (locks === null || host !== this.#host) return 'unknown'
    // Asked as of its first moment, so that a missing file proves nothing: the folder may be that of another container of the same name.
    return new SessionLocks(rootOf(locks), this.#turn).probe(_id, sessionHeadOf(doc), doc.startedAt)
  }

  /** Removes old files of this home that nobody holds. `isOpen`: whether the ledger knows this session as not dead. */
  cleanUp(isOpen: (session: string) => boolean, now: number): void {
    this.#own?.cleanUp(session => heldHere.has(session) || isOpen(session), now)
  }

  /** Locks are given up, files stay: whoever looks sees at once that these sessions are over. */
  close(): void {
    for (const session of this.#sessions) heldHere.delete(session)
    this.#sessions.clear()
    this.#own?.close()
  }
}

/** `SessionLocks` adds ".sessions". */
function rootOf(folder: string): string {
  return join(folder, 'mongodb')
}
