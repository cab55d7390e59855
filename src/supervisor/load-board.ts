/** What is known of the other peers' free capacity: from their sessions, and sooner from their hints. Aged knowledge only costs time. */
import type { ClaimingPeer } from '../lease/decide-claims.ts'
import { rankMembers } from '../lease/rank.ts'
import type { SessionHead } from '../lease/records.ts'

interface Entry {
  session: string
  peer: string
  host: string
  queues: readonly string[]
  freeCapacity: number
  /** It takes nothing new. */
  leaving: boolean
  /** Beat that the session's own report came with: a later report is newer than any hint before it. */
  beat: number
  /** When it last gave a sign of life (monotonic). */
  seenMs: number
}

/** Somebody for whom tasks may be claimed. */
export interface Receiving {
  session: string
  peer: string
  queues: readonly string[]
  places: number
}

export class LoadBoard {
  #entries = new Map<string, Entry>()

  /** The live sessions, as just read. A hint stays valid until its sender's next beat: one lost hint is not wrong for ever. */
  update(sessions: readonly SessionHead[], nowMs: number): void {
    const next = new Map<string, Entry>()
    for (const { id, peer, host, queues, capacity, busy, state, kind, beat } of sessions) {
      if (kind !== 'node' || state === 'dead') continue
      const freeCapacity = state === 'alive' ? Math.max(0, capacity - busy) : 0
      const known = this.#entries.get(id)
      const hinted = known?.beat === beat ? known.freeCapacity : freeCapacity
      const leaving = state !== 'alive' || known?.leaving === true
      const seenMs = known?.beat === beat ? known.seenMs : nowMs
      next.set(id, { session: id, peer, host, queues, beat, freeCapacity: hinted, leaving, seenMs })
    }
    this.#entries = next
  }

  noteLoad(session: string, freeCapacity: number, nowMs: number): void {
    const entry = this.#entries.get(session)
    if (entry === undefined) return
    entry.freeCapacity = freeCapacity
    entry.seenMs = nowMs
  }

  /** Who has places free, has given a sign of life since then, and does not leave: what is claimed for it will be begun at once. */
  receivers(self: string, sinceMs: number): Receiving[] {
    return [...this.#entries.values()].flatMap(({ session, peer, queues, freeCapacity: places, leaving, seenMs }) => {
      const isOne = session !== self && places > 0 && !leaving && seenMs >= sinceMs
      return isOne ? [{ session, peer, queues, places }] : []
    })
  }

  /** Whether somebody else is there who does not serve this queue. */
  isForeignTo(self: string, queue: string): boolean {
    return [...this.#entries.values()].some(({ session, queues }) => session !== self && !queues.includes(queue))
  }

  /** It is about to leave, which is for good. */
  noteLeaving(session: string): void {
    const entry = this.#entries.get(session)
    if (entry === undefined) return
    entry.freeCapacity = 0
    entry.leaving = true
  }

  remove(session: string): void {
    this.#entries.delete(session)
  }

  others(self: string): ClaimingPeer[] {
    return [...this.#entries.values()].filter(({ session }) => session !== self)
  }

  /** Peers (ids) that may keep a copy of what this session's host makes: those of other hosts first, in an order of its own for each payload. */
  copyPlaces(self: string, hash: string): string[] {
    const own = this.#entries.get(self)
    const others = [...this.#entries.values()].filter(({ session, leaving }) => session !== self && !leaving)
    const ranked = rankMembers(
      hash,
      others.map(({ peer }) => peer),
      others.length,
    )
    const isFar = (peer: string) => others.some(entry => entry.peer === peer && entry.host !== own?.host)
    return [...ranked.filter(isFar), ...ranked.filter(peer => !isFar(peer))]
  }

  /** Whether this peer (id) has a live session and is not about to leave. */
  isStaying(peer: string): boolean {
    return [...this.#entries.values()].some(entry => entry.peer === peer && !entry.leaving)
  }

  sessionOf(peer: string): string | undefined {
    for (const entry of this.#entries.values()) if (entry.peer === peer) return entry.session
    return undefined
  }
}
