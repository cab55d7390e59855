import type { Clock } from '../../core/clock.ts'
import type { TaskTools } from '../../workflow/task-call.ts'

/** While something cannot be read, it is told this often. */
const TELL_EVERY_MS = 60_000

/** Tells in the log when something cannot be read, now and then for how long, and when it can be read again. */
export class Outage {
  readonly #path: string
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #log: TaskTools
  #sinceMs: number | null = null
  #toldMs = 0

  constructor(path: string, clock: Pick<Clock, 'monotonicMs'>, log: TaskTools) {
    this.#path = path
    this.#clock = clock
    this.#log = log
  }

  began(error: unknown): void {
    const nowMs = this.#clock.monotonicMs()
    const isNew = this.#sinceMs === null
    this.#sinceMs ??= nowMs
    if (!isNew && nowMs - this.#toldMs < TELL_EVERY_MS) return
    this.#toldMs = nowMs
    const since = isNew ? '' : ` (for ${Math.round((nowMs - this.#sinceMs) / 1000)} s)`
    this.#log.output('stderr', `${this.#path} cannot be read${since}: ${(error as Error).message}; it is tried again`)
  }

  over(): void {
    if (this.#sinceMs === null) return
    this.#sinceMs = null
    this.#log.output('stderr', `${this.#path} can be read again`)
  }
}
