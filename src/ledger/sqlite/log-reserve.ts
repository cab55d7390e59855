/**
 * Room in the write-ahead log. A commit that makes the log longer has the file system write down the new length as well, which doubles the time
 * for the disk; one that overwrites what was used before does not. A log of full length is overwritten from its beginning after each
 * checkpoint, but a new one first has to grow. So who writes often fills it with zeros, a piece at a time.
 *
 * To SQLite these zeros are what is left of earlier transactions always: bytes behind the last valid frame, which nobody reads. They are
 * appended while this connection holds the write lock, when nobody else writes to the log or shortens it.
 */
import { fstatSync, writeSync } from 'node:fs'
import { type FileHandle, open, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../core/clock.ts'
import { MIN_FREE_FOR_RESERVE_BYTES } from '../ledger-limits.ts'
import { whenFree, type Turn } from './busy-retry.ts'

/** Written while others wait: about a millisecond. */
const PIECE = new Uint8Array(1024 * 1024)
/** Others have the disk in between. */
const PAUSE_MS = 20

export interface LogReserveParts {
  /** Of the ledger's file, which is open. */
  path: string
  /** Length to which the log is brought. */
  bytes: number
  turn: Turn & { clock: Pick<Clock, 'monotonicMs' | 'sleep'> }
  freeBytes?: (folder: string) => Promise<number>
}

export class LogReserve {
  readonly #parts: LogReserveParts
  readonly #stopping = new AbortController()
  #filling: Promise<void> = Promise.resolve()

  constructor(parts: LogReserveParts) {
    this.#parts = parts
  }

  start(): void {
    // What cannot be reserved is no loss but of time: whatever is wrong with the disk, the next commit tells better.
    this.#filling = this.#fill().catch(() => {})
  }

  /** Resolves when the log is as long as it is to be, or cannot be. */
  async done(): Promise<void> {
    await this.#filling
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#filling
  }

  async #fill(): Promise<void> {
    const { path, turn } = this.#parts
    const { signal } = this.#stopping
    const lock = new DatabaseSync(path, { timeout: 0 })
    try {
      await using log = await open(`${path}-wal`, 'r+')
      while (!signal.aborted && (await this.#isRoom())) {
        // Who closes does not wait for a writer that stands still.
        if (!(await whenFree(() => !signal.aborted && this.#append(lock, log), turn))) return
        // Not left to the next commit, which would have to wait for all of it.
        await log.datasync()
        await turn.clock.sleep(PAUSE_MS, signal)
      }
    } finally {
      lock.close()
    }
  }

  /** False when the log is long enough. */
  #append(lock: DatabaseSync, log: FileHandle): boolean {
    lock.exec('BEGIN IMMEDIATE')
    try {
      const { size } = fstatSync(log.fd)
      const missing = Math.min(this.#parts.bytes - size, PIECE.byteLength)
      if (missing > 0) writeSync(log.fd, PIECE, 0, missing, size)
      return missing > 0
    } finally {
      lock.exec('ROLLBACK')
    }
  }

  async #isRoom(): Promise<boolean> {
    const { path, freeBytes = freeBytesOf } = this.#parts
    return (await freeBytes(dirname(path))) >= MIN_FREE_FOR_RESERVE_BYTES
  }
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}
