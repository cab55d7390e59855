/**
 * The live sessions as this peer sees them. Each look reads of everybody only what changes from beat to beat; what hardly ever changes is read
 * when a session is new or says that it has changed, and kept.
 */
import type { SessionHead } from '../lease/records.ts'
import type { Clock } from '../core/clock.ts'
import type { Ledger } from '../ledger/ledger.ts'

export interface SessionViewParts {
  ledger: Pick<Ledger, 'sessionBeats' | 'sessionHeads'>
  clock: Pick<Clock, 'monotonicMs'>
}

export interface SessionsSeen {
  sessions: SessionHead[]
  /** When the beats were there (monotonic): from then on a beat that stands still counts as silent. */
  atMs: number
}

export class SessionView {
  readonly #parts: SessionViewParts
  #heads = new Map<string, SessionHead>()

  constructor(parts: SessionViewParts) {
    this.#parts = parts
  }

  /** One that ends between the two reads is left out. */
  async look(): Promise<SessionsSeen> {
    const { ledger, clock } = this.#parts
    const beats = await ledger.sessionBeats()
    const atMs = clock.monotonicMs()
    const changed = beats.filter(({ id, headRev }) => {
      const known = this.#heads.get(id)
      // A read may be older than the one before it: any other number is news.
      return known === undefined || known.headRev !== headRev
    })
    const read = changed.length === 0 ? [] : await ledger.sessionHeads(changed.map(({ id }) => id))
    const news = new Map(read.map(head => [head.id, head]))
    const heads = new Map<string, SessionHead>()
    const sessions: SessionHead[] = []
    for (const { id, state, beat, busy } of beats) {
      const head = news.get(id) ?? this.#heads.get(id)
      if (head === undefined) continue
      heads.set(id, head)
      sessions.push({ ...head, state, beat, busy })
    }
    this.#heads = heads
    return { sessions, atMs }
  }
}
