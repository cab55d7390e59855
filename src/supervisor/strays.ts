/** Compares now and then what the ledger says is this peer's with what it runs, and gives back what it does not (`reconcile.ts`). */
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Claim } from '../lease/records.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { Unrecorded } from './reconcile.ts'
import type { Rules } from './rules.ts'
import { RECONCILE_EVERY_MS } from './timing.ts'

export interface StraysParts {
  ledger: Pick<Ledger, 'claimsOf' | 'release'>
  clock: Pick<Clock, 'monotonicMs'>
  log: Log
  rules: Pick<Rules, 'findStrays'>
  /** Claim ids of what runs here, and of what the ledger was asked for and has not answered about. */
  known: () => ReadonlySet<string>
}

export class Strays {
  readonly #parts: StraysParts
  readonly #unrecorded = new Unrecorded()
  #seen: ReadonlySet<string> = new Set()
  /** Claim ids of those that were given back last. */
  #returned: ReadonlySet<string> = new Set()
  #comparedMs = Number.NEGATIVE_INFINITY

  constructor(parts: StraysParts) {
    this.#parts = parts
  }

  /** It was given back a moment ago: what is heard of it is old. */
  isReturned(claimId: string): boolean {
    return this.#returned.has(claimId)
  }

  noteUnrecorded(claim: Claim): void {
    this.#unrecorded.note(claim)
  }

  async giveBack(session: string): Promise<void> {
    const { ledger, clock, log, rules, known } = this.#parts
    if (clock.monotonicMs() - this.#comparedMs < RECONCILE_EVERY_MS) return
    const held = await ledger.claimsOf(session)
    // Dated from the answer: a slow one must not shorten the time that a claim on its way has until the second look.
    this.#comparedMs = clock.monotonicMs()
    const { stray, seen } = rules.findStrays(held, known(), this.#seen)
    this.#seen = seen
    this.#returned = new Set(stray.map(({ claimId }) => claimId))
    for (const claim of stray) {
      log.warn('a task is given back that this peer holds and does not run', { task: claim.task })
      const begun = this.#unrecorded.mayHold(claim)
      await ledger.release(claim, { reason: 'its claim was lost on the way', notBefore: null, uncounted: true, begun })
    }
  }
}
