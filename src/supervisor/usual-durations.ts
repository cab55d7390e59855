/** How long tasks of a kind have taken here lately. */

/** The newest of each kind; fewer say nothing yet. */
const KEPT = 16
const LEAST = 8
/** Of the kept ones, in order of duration: half are no longer. On a busy machine even a task that does nothing takes long now and then. */
const USUAL_SHARE = 0.5
/** Kinds that are remembered; the one not seen for longest is forgotten first. */
const MAX_KINDS = 100

interface Seen {
  /** In the order in which they came; the oldest is overwritten. */
  newest: number[]
  oldestAt: number
  /** Worked out when it is asked for. */
  usual: number | undefined
}

export class UsualDurations {
  readonly #kinds = new Map<string, Seen>()

  note(kind: string, durationMs: number): void {
    const seen = this.#kinds.get(kind) ?? { newest: [], oldestAt: 0, usual: undefined }
    seen.newest[seen.oldestAt] = durationMs
    seen.oldestAt = (seen.oldestAt + 1) % KEPT
    seen.usual = undefined
    this.#kinds.delete(kind)
    this.#kinds.set(kind, seen)
    if (this.#kinds.size <= MAX_KINDS) return
    const [oldest] = this.#kinds.keys()
    if (oldest !== undefined) this.#kinds.delete(oldest)
  }

  /** Undefined while too few were seen. */
  of(kind: string): number | undefined {
    const seen = this.#kinds.get(kind)
    if (seen === undefined || seen.newest.length < LEAST) return undefined
    seen.usual ??= usualOf(seen.newest)
    return seen.usual
  }
}

function usualOf(durations: readonly number[]): number | undefined {
  const sorted = Float64Array.from(durations).sort()
  return sorted[Math.ceil(sorted.length * USUAL_SHARE) - 1]
}
