/**
 * Removes payloads that nobody needs any more, now and then. Which ones are needed is asked from outside (the live runs know); a payload
 * that is needed is marked anew, so that it stays for the whole retention time after its run has ended.
 */
import type { Clock, Timer } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Random } from '../core/random.ts'
import type { PayloadFiles } from './files/payload-files.ts'
import type { RunFiles } from './files/run-files.ts'
import { RETENTION_EVERY_MS, RETENTION_MS } from './payload-limits.ts'

export interface RetentionParts {
  files: PayloadFiles
  runFiles: RunFiles
  clock: Clock
  random: Random
  log: Log
  /** Of these hashes, the ones that a live run needs. Rejects when that cannot be said now: nothing is removed then. */
  needed: (hashes: ReadonlySet<string>) => Promise<ReadonlySet<string>>
  /** Ids of all runs that are live. Rejects when that cannot be said now. */
  liveRuns: () => Promise<ReadonlySet<string>>
}

export interface RetentionOptions {
  retentionMs?: number
  everyMs?: number
}

export class Retention {
  readonly #parts: RetentionParts
  readonly #retentionMs: number
  readonly #everyMs: number
  #timer: Timer | null = null
  #round: Promise<unknown> = Promise.resolve()
  #isStopped = false

  constructor(
    parts: RetentionParts,
    { retentionMs = RETENTION_MS, everyMs = RETENTION_EVERY_MS }: RetentionOptions = {},
  ) {
    this.#parts = parts
    this.#retentionMs = retentionMs
    this.#everyMs = everyMs
  }

  start(): void {
    if (this.#isStopped) return
    // Peers that were started together do not look through the folder together.
    const delayMs = this.#everyMs * (0.5 + this.#parts.random.float())
    this.#timer = this.#parts.clock.timer(delayMs, () => {
      this.#round = this.round()
        .catch((error: unknown) =>
          this.#parts.log.warn('Old payloads could not be removed; tried again later.', { error }),
        )
        .finally(() => this.start())
    })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#round
  }

  /** Looks through the folder once; returns how many payloads it removed. */
  async round(): Promise<number> {
    const { files, runFiles, clock, log, needed, liveRuns } = this.#parts
    const beforeMs = clock.wallMs() - this.#retentionMs
    const live = (await runFiles.isEmpty()) ? new Set<string>() : await liveRuns()
    await runFiles.forgetRuns(live, beforeMs)
    const old = new Set<string>()
    for await (const hash of files.olderThan(beforeMs)) old.add(hash)
    if (old.size === 0) return 0
    // Asked after looking: what becomes needed later is put, pulled or looked for first, and is not old then.
    const kept = new Set([...(await needed(old)), ...(await runFiles.copiesNeeded(old, live))])
    let removed = 0
    for (const hash of old) {
      if (this.#isStopped) break
      if (kept.has(hash)) await files.touch(hash)
      else if (await files.removeOld(hash, beforeMs)) removed++
    }
    if (removed > 0) log.info('Removed payloads that no run needs any more.', { removed })
    return removed
  }
}
