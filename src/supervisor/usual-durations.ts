/** How long tasks of a kind have taken here lately. */

/** The newest of each kind; fewer say nothing yet. */
const KEPT = 16
const LEAST = 8
/** Of the kept ones, in order of duration: half are no longer. On a busy machine even a task that does nothing takes long now and then. */
const USUAL_SHARE = 0.5
/** Kinds that are remembered; the one not seen for longest is forgotten first. */
const MAX_KINDS = 100

export class UsualDurations {
  readonly #kinds = new Map<string, number[]>()

  note(kind: string, durationMs: number): void {
    const newest = [...(this.#kinds.get(kind) ?? []), durationMs].slice(-KEPT)
    this.#kinds.delete(kind)
    this.#kinds.set(kind, newest)
    const [oldest] = this.#kinds.keys()
    if (this.#kinds.size > MAX_KINDS && oldest !== undefined) this.#kinds.delete(oldest)
  }

  /** Undefined while too few were seen. */
  of(kind: string): number | undefined {
    const seen = this.#kinds.get(kind) ?? []
    if (seen.length < LEAST) return undefined
    return seen.toSorted((a, b) => a - b)[Math.ceil(seen.length * USUAL_SHARE) - 1]
  }
}
