/** What is known of the other peers' free capacity: from their sessions, and sooner from their hints. Aged knowledge only costs time. */
import type { ClaimingPeer } from '../lease/decide-claims.ts'
import type { SessionRecord } from '../lease/records.ts'

interface Entry {
  session: string
  peer: string
  queues: readonly string[]
  freeCapacity: number
}

export class LoadBoard {
  #entries = new Map<string, Entry>()

  /** The live sessions, as just read. Hints that came since the last read stay valid until the next. */
  update(sessions: readonly SessionRecord[]): void {
    const next = new Map<string, Entry>()
    for (const { id, peer, queues, capacity, busy, state, kind } of sessions) {
      if (kind !== 'node' || state === 'dead') continue
      const freeCapacity = state === 'alive' ? Math.max(0, capacity - busy) : 0
      next.set(id, { session: id, peer, queues, freeCapacity: this.#entries.get(id)?.freeCapacity ?? freeCapacity })
    }
    this.#entries = next
  }

  noteLoad(session: string, freeCapacity: number): void {
    const entry = this.#entries.get(session)
    if (entry !== undefined) entry.freeCapacity = freeCapacity
  }

  remove(session: string): void {
    this.#entries.delete(session)
  }

  others(self: string): ClaimingPeer[] {
    return [...this.#entries.values()].filter(({ session }) => session !== self)
  }

  sessionOf(peer: string): string | undefined {
    for (const entry of this.#entries.values()) if (entry.peer === peer) return entry.session
    return undefined
  }
}
