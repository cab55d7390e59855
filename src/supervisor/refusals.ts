/**
 * Claims that the ledger refused although the task is still on its list: another peer was faster and the list is old, or the ledger
 * will never grant it. Such a task waits, twice as long each time, so that it neither makes a tight loop nor stands in the way of others.
 */
export class Refusals {
  readonly #firstMs: number
  readonly #mostMs: number
  #tasks = new Map<string, { times: number; untilMs: number }>()
  #admittedMs = Number.NEGATIVE_INFINITY

  /** The first wait and the longest one. */
  constructor(firstMs: number, mostMs: number) {
    this.#firstMs = firstMs
    this.#mostMs = mostMs
  }

  /** `jitter`: from 0 to 1, so that peers that lost to the same one do not come back together. */
  note(task: string, nowMs: number, jitter: number): void {
    const times = (this.#tasks.get(task)?.times ?? 0) + 1
    const waitMs = Math.min(this.#firstMs * 2 ** (times - 1), this.#mostMs) * (1 + jitter)
    this.#tasks.set(task, { times, untilMs: nowMs + waitMs })
  }

  /** Of the listed tasks those that may be tried. What is not on the list any more is forgotten. */
  admit<Task extends { id: string }>(listed: readonly Task[], nowMs: number): Task[] {
    this.#admittedMs = nowMs
    const ids = new Set(listed.map(({ id }) => id))
    for (const id of this.#tasks.keys()) if (!ids.has(id)) this.#tasks.delete(id)
    return listed.filter(({ id }) => (this.#tasks.get(id)?.untilMs ?? 0) <= nowMs)
  }

  /** When the next of those that were not admitted may be tried; infinite when there is none. That may be over by now. */
  get nextMs(): number {
    const waits = Array.from(this.#tasks.values(), ({ untilMs }) => untilMs).filter(
      untilMs => untilMs > this.#admittedMs,
    )
    return Math.min(...waits, Number.POSITIVE_INFINITY)
  }
}
