/**
 * A bench leaves nothing behind, however it ends: what it starts makes its temporary files in one folder, which is removed, and the processes
 * that it has started end with it. Only SIGKILL is stronger: what that leaves is removed by the next bench.
 */
import { rmSync } from 'node:fs'
import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { endChildren } from '../../../test/support/end-with-children.ts'
import { makeOwnedFolder } from '../../../test/support/owned-folder.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** Beyond it nobody waits for what has to be undone. */
const UNDO_WITHIN_MS = 10_000
/** Processes that were just killed may still be making a file. */
const REMOVE = { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }

export class LeaveNothing {
  /** A signal has come: what still fails fails for that. */
  isBrokenOff = false
  readonly #folder: string
  readonly #undo: (() => Promise<void>)[] = []
  #undone: Promise<void> | null = null

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** From now on; the process and all that it starts have their temporary files there. */
  static begin(onSignal: (signal: NodeJS.Signals) => void): LeaveNothing {
    const self = new LeaveNothing(makeOwnedFolder('lightflow-bench'))
    process.env['TMPDIR'] = self.#folder
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        // By itself a second one would end the process at once, and what it started would stay.
        if (self.isBrokenOff) return
        self.isBrokenOff = true
        process.exitCode = 128 + constants.signals[signal]
        onSignal(signal)
        void self.undo().finally(() => process.exit())
      })
    }
    process.once('exit', () => {
      endChildren()
      rmSync(self.#folder, REMOVE)
    })
    return self
  }

  atEnd(undo: () => Promise<void>): void {
    this.#undo.push(undo)
  }

  /** The latest first; each once, also when one fails. */
  undo(): Promise<void> {
    this.#undone ??= Promise.race([this.#undoAll(), sleep(UNDO_WITHIN_MS, undefined, { ref: false })])
    return this.#undone
  }

  async #undoAll(): Promise<void> {
    for (let next = this.#undo.pop(); next !== undefined; next = this.#undo.pop()) await next().catch(() => {})
  }
}
