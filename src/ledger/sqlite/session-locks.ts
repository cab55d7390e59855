/**
 * Liveness that the operating system vouches for: a session's process keeps an exclusive lock on a small file of its own, and the lock dies
 * with the process, however that ends. Node has no file locks, SQLite has: the file is an (empty) database with a transaction that never ends.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { LightflowError } from '../../core/errors.ts'
import type { SessionHead } from '../../lease/records.ts'
import type { ProbeResult } from '../ledger.ts'
import { LOCK_FILE_KEPT_MS, MISSING_LOCK_GRACE_MS } from '../ledger-limits.ts'
import { whenFree, type Turn } from './busy-retry.ts'
import { isBusy } from './sqlite-errors.ts'

const SUFFIX = '.lock'

export class SessionLocks {
  readonly #folder: string
  readonly #turn: Turn
  readonly #held = new Map<string, DatabaseSync>()

  constructor(ledgerPath: string, turn: Turn) {
    this.#folder = `${ledgerPath}.sessions`
    this.#turn = turn
  }

  /** False when this session is held here already. */
  async hold(session: string): Promise<boolean> {
    if (this.#held.has(session)) return false
    const path = this.#pathOf(session)
    mkdirSync(this.#folder, { recursive: true })
    const file = new DatabaseSync(path, { timeout: 0 })
    try {
      // Nothing is ever written, so no journal may lie about for others to find.
      file.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY')
      await whenFree(() => file.exec('BEGIN EXCLUSIVE'), this.#turn)
    } catch (error) {
      file.close()
      throw error
    }
    this.#held.set(session, file)
    return true
  }

  /** The file goes first: others never find it unlocked. */
  letGo(session: string): void {
    const file = this.#held.get(session)
    if (file === undefined) return
    this.#held.delete(session)
    rmSync(this.#pathOf(session), { force: true })
    file.close()
  }

  /** Locks are given up, files stay: whoever looks sees at once that these sessions are over. */
  close(): void {
    for (const file of this.#held.values()) file.close()
    this.#held.clear()
  }

  /** `record`: what the ledger knows of it, if anything. */
  probe(session: string, record: SessionHead | undefined, now: number): ProbeResult['verdict'] {
    // Never touch an own file: closing it again would drop the lock of the whole process.
    if (this.#held.has(session)) return 'alive'
    if (record === undefined) return 'unknown'
    const state = this.#stateOf(this.#pathOf(session))
    if (state === 'locked') return 'alive'
    if (state === 'free') return 'gone'
    // A file that cannot be read proves nothing: the beat decides.
    if (state === 'unreadable') return 'unknown'
    return now - record.startedAt > MISSING_LOCK_GRACE_MS ? 'gone' : 'unknown'
  }

  /** Somebody's process keeps it, this one or another. */
  isLocked(session: string): boolean {
    return this.#held.has(session) || this.#stateOf(this.#pathOf(session)) === 'locked'
  }

  #stateOf(path: string): 'locked' | 'free' | 'absent' | 'unreadable' {
    if (!existsSync(path)) return 'absent'
    let file: DatabaseSync | undefined
    try {
      file = new DatabaseSync(path, { readOnly: true, timeout: 0 })
      file.prepare('SELECT count(*) FROM sqlite_schema').get()
      return 'free'
    } catch (error) {
      if (isBusy(error)) return 'locked'
      return existsSync(path) ? 'unreadable' : 'absent'
    } finally {
      file?.close()
    }
  }

  /** Removes old files that nobody holds. `isOpen`: whether the ledger knows this session as not dead. */
  cleanUp(isOpen: (session: string) => boolean, now: number): void {
    const names = existsSync(this.#folder) ? readdirSync(this.#folder) : []
    for (const name of names.filter(name => name.endsWith(SUFFIX))) {
      const session = name.slice(0, -SUFFIX.length)
      const path = join(this.#folder, name)
      if (this.#held.has(session) || isOpen(session) || !isOld(path, now)) continue
      if (this.#stateOf(path) === 'free') rmSync(path, { force: true })
    }
  }

  #pathOf(session: string): string {
    if (/^[\w-][\w.-]{0,127}$/.test(session)) return join(this.#folder, `${session}${SUFFIX}`)
    throw new LightflowError('LF_NAME', `"${session}" cannot be the id of a session.`, {
      hint: 'Use letters, digits, "-", "_" and ".".',
    })
  }
}

function isOld(path: string, now: number): boolean {
  const modifiedAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs
  return modifiedAt !== undefined && now - modifiedAt > LOCK_FILE_KEPT_MS
}
