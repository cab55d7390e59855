/**
 * For display: how long peers have been silent. The first look can only compare the clocks of two machines; once a beat was seen to
 * change, this process's own clock counts. Nothing is decided by it: burials are the supervisors' (`lease/observer.ts`).
 */
import type { Clock } from '../core/clock.ts'
import type { SessionRecord } from '../lease/records.ts'

/** Silent is shown who has not beaten for this share of its TTL: several beats, or two and a half of those that are rarer while it is quiet. */
const SILENT_SHARE_OF_TTL = 1 / 3

interface Seen {
  beat: number
  /** Monotonic; null: never seen to change. */
  changedMs: number | null
}

export class BeatWatch {
  readonly #clock: Pick<Clock, 'monotonicMs' | 'wallMs'>
  #seen = new Map<string, Seen>()

  constructor(clock: Pick<Clock, 'monotonicMs' | 'wallMs'>) {
    this.#clock = clock
  }

  /** Notes the beats of the sessions, and says for how many milliseconds each is silent: 0 while it is well. */
  look(sessions: readonly SessionRecord[]): ReadonlyMap<string, number> {
    const nowMs = this.#clock.monotonicMs()
    const seen = new Map<string, Seen>()
    const silent = new Map<string, number>()
    for (const session of sessions.filter(({ state }) => state !== 'dead')) {
      const now = this.#note(session, nowMs)
      seen.set(session.id, now)
      const ageMs = now.changedMs === null ? this.#clock.wallMs() - session.beatAt : nowMs - now.changedMs
      silent.set(session.id, ageMs >= session.ttlMs * SILENT_SHARE_OF_TTL ? Math.round(ageMs) : 0)
    }
    this.#seen = seen
    return silent
  }

  #note({ id, beat }: SessionRecord, nowMs: number): Seen {
    const before = this.#seen.get(id)
    if (before === undefined) return { beat, changedMs: null }
    return before.beat === beat ? before : { beat, changedMs: nowMs }
  }
}
