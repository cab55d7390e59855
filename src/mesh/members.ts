/**
 * The members as this peer knows them, and who is not one. Both adapters ask it at every door: when a peer dials, when it is
 * dialled, and when it speaks. It is told the list by `setMembers` and never looks it up; a peer it does not know makes it ask
 * for a newer list, seldom enough that strangers cannot keep the ledger busy.
 */
import type { Clock, Timer } from '../core/clock.ts'
import { DOOR_WAIT_MS, UNKNOWN_PEER_EVERY_MS } from './mesh-limits.ts'
import type { Member } from './mesh.ts'

export interface MembersOptions {
  /** Own peer id: never a member to dial. */
  self: string
  clock: Clock
  /** The list may be old: this peer (id) is not on it, or speaks for another session. */
  onUnknown: (peer: string) => void
}

export class Members {
  readonly #options: MembersOptions
  #members = new Map<string, Member>()
  #lastUnknownMs = Number.NEGATIVE_INFINITY
  #laterReport: Timer | undefined
  /** Those at the door, each called when the list may name them. */
  readonly #atDoor = new Set<() => void>()
  #closed = false

  constructor(options: MembersOptions) {
    this.#options = options
  }

  /** Replaces the list; returns the peer ids that are no longer on it. */
  set(members: readonly Member[]): string[] {
    const before = this.#members
    const others = members.filter(({ peer }) => peer !== this.#options.self)
    this.#members = new Map(others.map(member => [member.peer, member]))
    for (const look of this.#atDoor) look()
    return Array.from(before.keys()).filter(peer => !this.#members.has(peer))
  }

  has(peer: string): boolean {
    return this.#members.has(peer)
  }

  get(peer: string): Member | undefined {
    return this.#members.get(peer)
  }

  all(): Member[] {
    return Array.from(this.#members.values())
  }

  /** For the doors: true for a member; anybody else is reported as unknown. */
  admits(peer: string): boolean {
    const admitted = this.has(peer)
    if (!admitted && peer !== this.#options.self) this.reportUnknown(peer)
    return admitted
  }

  /**
   * As {@link admits}, for a peer that dials: one that is not on the list is kept at the door until a newer list is there. It has most
   * likely registered a moment ago, and turned away it would only come again, with a handshake each time.
   */
  async admitsInTime(peer: string): Promise<boolean> {
    if (this.admits(peer)) return true
    if (this.#closed || peer === this.#options.self) return false
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = () => {
      if (this.has(peer) || this.#closed) resolve()
    }
    this.#atDoor.add(look)
    const timer = this.#options.clock.timer(DOOR_WAIT_MS, resolve)
    look()
    await promise
    timer.cancel()
    this.#atDoor.delete(look)
    return this.has(peer)
  }

  /** Nobody waits at the door any more. */
  close(): void {
    this.#closed = true
    this.#laterReport?.cancel()
    for (const look of this.#atDoor) look()
  }

  /** One that comes soon after another is reported a little later: the list that was read for the other may not name it yet. */
  reportUnknown(peer: string): void {
    if (this.#closed || this.#laterReport !== undefined) return
    const { clock, onUnknown } = this.#options
    const report = () => {
      this.#laterReport = undefined
      this.#lastUnknownMs = clock.monotonicMs()
      onUnknown(peer)
    }
    const waitMs = this.#lastUnknownMs + UNKNOWN_PEER_EVERY_MS - clock.monotonicMs()
    if (waitMs > 0) this.#laterReport = clock.timer(waitMs, report)
    else report()
  }
}
