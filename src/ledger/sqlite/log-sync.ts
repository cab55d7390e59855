/**
 * Brings the write-ahead log to the disk. SQLite would do so in its commit, where everybody who wants to write waits for the disk as well; here it
 * is done after the commit, when others have the turn already. Until then nobody is answered.
 *
 * The order is that of the log: one call brings all to the disk that was committed before it, by whomever, and what follows from a transaction
 * stands behind it. In the ledger's own thread, and not by the threads that Node.js has for files: these may all be held up by what tasks do.
 */
import { closeSync, fdatasyncSync, openSync } from 'node:fs'
import { unconfirmed } from './sqlite-errors.ts'

export class LogSync {
  readonly #path: string
  readonly #log: number
  readonly #sync: (file: number) => void
  #failure: Error | undefined
  /** What readers have seen up to this `data_version` is on the disk. */
  #seenVersion: number | undefined

  /** `path`: of a ledger that is open, and stays so until this is closed: its log is there then, and remains the same file. */
  constructor(path: string, sync: (file: number) => void = fdatasyncSync) {
    this.#path = path
    this.#log = openSync(`${path}-wal`, 'r+')
    this.#sync = sync
  }

  /** What was committed is on the disk. Throws `LF_LEDGER_FULL`, and then always: a disk that failed once says the next time that all is well. */
  bring(): void {
    this.check()
    try {
      this.#sync(this.#log)
    } catch (cause) {
      this.#failure = unconfirmed(this.#path, cause)
      throw this.#failure
    }
  }

  /** Throws when the disk has failed: nothing is to be written any more. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  /** The same for what a reader has seen. `dataVersion`: that of its connection, after it had read. */
  bringSeen(dataVersion: number): void {
    if (dataVersion === this.#seenVersion) return
    this.bring()
    this.#seenVersion = dataVersion
  }

  close(): void {
    closeSync(this.#log)
  }
}
