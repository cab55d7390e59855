/**
 * Looks now and then at what the watched sessions hold, and takes away what they should have ended long ago. An `exclusive` task becomes
 * `lost`: its body may still be at work.
 */
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import { dutyRank, watchedBy, watchersOf } from '../lease/decide-supervision.ts'
import type { Claim, TaskRecord } from '../lease/records.ts'
import type { Completion, Ledger } from '../ledger/ledger.ts'
import type { Rules } from './rules.ts'

export interface OverdueWatchParts {
  ledger: Pick<Ledger, 'claimsOf' | 'task' | 'complete' | 'release'>
  clock: Clock
  log: Log
  rules: Pick<Rules, 'isOverdue'>
  onEnded: (run: string, completion: Completion) => void
}

interface Held {
  claim: Claim
  session: string
  firstSeenMs: number
  /** What the claim is about, once it was read; null = not yet. */
  task: TaskRecord | null
}

/** Between two looks: timeouts are minutes, and each look costs a read per watched session. */
const LOOK_EVERY_MS = 10_000
/**
 * After a longer pause the ledger was away, for the owners too: what ended in time may not be recorded yet, and they get their time for that
 * anew. Shorter than that time by far.
 */
const MAX_PAUSE_MS = 2 * LOOK_EVERY_MS
/** Tasks read in one look; the others follow with the next ones. */
const MAX_TASKS_READ = 100

export class OverdueWatch {
  readonly #parts: OverdueWatchParts
  /** By claim id. */
  #held = new Map<string, Held>()
  #lookedMs = Number.NEGATIVE_INFINITY
  /** Since when all looks were good and none was late. */
  #steadySinceMs: number | null = null

  constructor(parts: OverdueWatchParts) {
    this.#parts = parts
  }

  /** `sessions`: ids of the live ones. */
  async look(self: string, sessions: readonly string[]): Promise<void> {
    const { clock } = this.#parts
    if (clock.monotonicMs() - this.#lookedMs < LOOK_EVERY_MS) return
    if (clock.monotonicMs() - this.#lookedMs > MAX_PAUSE_MS) this.#steadySinceMs = null
    this.#lookedMs = clock.monotonicMs()
    try {
      await this.#lookAt(self, sessions)
    } catch (error) {
      this.#steadySinceMs = null
      throw error
    }
  }

  async #lookAt(self: string, sessions: readonly string[]): Promise<void> {
    const known = this.#held
    this.#held = await this.#readHeld(watchedBy(self, sessions), known)
    // From here on: the ledger has answered.
    this.#steadySinceMs ??= this.#parts.clock.monotonicMs()
    // Short tasks are gone before they are seen twice: only what stays is read.
    const staying = Array.from(this.#held.values()).filter(({ claim }) => known.has(claim.claimId))
    await this.#readTasks(staying)
    for (const held of staying) await this.#judge(held, self, sessions)
  }

  async #readHeld(watched: readonly string[], known: ReadonlyMap<string, Held>): Promise<Map<string, Held>> {
    const { ledger, clock } = this.#parts
    const held = new Map<string, Held>()
    const claims = await Promise.all(watched.map(session => ledger.claimsOf(session)))
    for (const [index, session] of watched.entries()) {
      for (const claim of claims[index] ?? []) {
        const fresh = { claim, session, firstSeenMs: clock.monotonicMs(), task: null }
        held.set(claim.claimId, known.get(claim.claimId) ?? fresh)
      }
    }
    return held
  }

  async #readTasks(staying: readonly Held[]): Promise<void> {
    for (const held of staying.filter(({ task }) => task === null).slice(0, MAX_TASKS_READ)) {
      const task = await this.#parts.ledger.task(held.claim.task)
      if (task?.claimId === held.claim.claimId) held.task = task
    }
  }

  /** The watcher that ranks first for the DAG copy acts first. */
  async #judge({ claim, session, firstSeenMs, task }: Held, self: string, sessions: readonly string[]): Promise<void> {
    if (task === null) return
    const { clock, rules } = this.#parts
    const rank = dutyRank(`${task.run}/${task.dag}`, self, watchersOf(session, sessions))
    const nowMs = clock.monotonicMs()
    const steadyMs = nowMs - (this.#steadySinceMs ?? nowMs)
    // No longer than a claim whose time was over when the looks became steady.
    const heldMs = Math.min(nowMs - firstSeenMs, (task.timeoutMs ?? 0) + steadyMs)
    if (rules.isOverdue(heldMs, task.timeoutMs, rank)) await this.#revoke(claim, task)
  }

  async #revoke(claim: Claim, { id, run, name, timeoutMs, effect }: TaskRecord): Promise<void> {
    const { ledger, log, onEnded } = this.#parts
    const message = `Task ${name} took longer than the ${timeoutMs} ms that it allows, and its peer did not end it.`
    if (effect === 'exclusive') {
      const request = { reason: message, notBefore: null, uncounted: false, begun: true }
      if (await ledger.release(claim, request))
        log.warn('an exclusive task is lost: its peer did not end it in time', { task: id })
      return
    }
    const error = {
      code: 'LF_TASK_TIMEOUT',
      message,
      hint: 'Look at that peer: something in the task hangs that nothing but the end of the process can end.',
    }
    const result = { outcome: 'timed-out', out: null, limit: null, skipSuccessors: false, error } as const
    const completion = await ledger.complete(claim, result)
    if (!completion.accepted) return
    log.warn('a task is ended whose peer did not end it in time', { task: id })
    onEnded(run, completion)
  }
}
