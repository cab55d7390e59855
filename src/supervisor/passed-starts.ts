/** How what another peer claimed for this one begins here: by what the ledger says, or by that peer's word before that is written. */
import type { ClaimedTask, ReadyTask } from '../ledger/ledger.ts'
import type { Claim } from '../lease/records.ts'
import { NO_PLACE } from './attempt-ending.ts'
import type { Capacity } from './capacity.ts'
import type { Claimant } from './claimant.ts'
import type { ClaimsAhead } from './claims-ahead.ts'
import { EarlyStart } from './early-start.ts'
import type { EarlyStarts } from './early-starts.ts'
import { isAtHand, type Running, type Start } from './running.ts'

export interface PassedStartsParts {
  capacity: Capacity
  ahead: ClaimsAhead
  early: EarlyStarts<Running>
  /** Null while nothing may be claimed. */
  claimant: () => Claimant | null
  announceReady: (tasks: readonly Pick<ReadyTask, 'queue' | 'run'>[]) => void
  /** What runs here under this claim id. */
  find: (claimId: string) => Running | undefined
  /** It was given back a moment ago. */
  isReturned: (claimId: string) => boolean
  start: (claimed: ClaimedTask, start: Start) => Running
}

export class PassedStarts {
  readonly #parts: PassedStartsParts

  constructor(parts: PassedStartsParts) {
    this.#parts = parts
  }

  /** Begins what another peer claimed for `session`. Without a place it waits for one as what is claimed ahead does; who leaves gives it back. */
  take(claimed: ClaimedTask, session: string): void {
    const { capacity, ahead, early, claimant, announceReady, find, isReturned, start } = this.#parts
    const { claimId } = claimed.claim
    const known = find(claimId)
    if (known !== undefined) return early.confirm(known)
    // It may have begun by a word, and ended, after the ledger was read.
    if (isReturned(claimId) || early.isOver(claimId)) return
    const mayRun = claimant()?.session === session
    const waits = !mayRun || capacity.free === 0 || ahead.size > 0
    if (!waits) capacity.take(1)
    const running = start(claimed, { session, chain: 0, waits, isPassed: true })
    if (mayRun) return ahead.fill()
    running.answered.push(() => announceReady([claimed.task]))
    running.attempt.end({ kind: 'release', error: NO_PLACE })
  }

  /** Begins a pure task that another peer is claiming for `session`, when it could begin at once: else it is looked up when that is written. */
  takeEarly(claimed: ClaimedTask, session: string): void {
    const { capacity, ahead, early, claimant, find, isReturned, start } = this.#parts
    const { claimId } = claimed.claim
    const me = claimant()
    const isMine = me?.session === session && me.queues.includes(claimed.task.queue)
    const isOld = find(claimId) !== undefined || isReturned(claimId) || early.isOver(claimId)
    if (!isMine || isOld || capacity.free === 0 || ahead.size > 0 || !isAtHand(claimed)) return
    capacity.take(1)
    start(claimed, { session, chain: 0, waits: false, isPassed: true, early: new EarlyStart() })
  }

  /** These are claimed for this peer, says who did it. Whether all of them run here, or have ended. */
  confirm(claims: readonly Claim[]): boolean {
    const { early, find } = this.#parts
    for (const claim of claims) {
      const running = find(claim.claimId)
      if (running !== undefined) early.confirmClaim(claim, running)
      else if (!early.isOver(claim.claimId)) return false
    }
    return claims.length > 0
  }
}
