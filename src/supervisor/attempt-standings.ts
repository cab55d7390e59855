/** What has become in the ledger of the claims that this peer holds: lost ones run for nobody, stopping ones are told so. */
import type { Clock } from '../core/clock.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { LEASE_LOST, STOPPING } from './attempt-ending.ts'
import { RepeatedTurn } from './background.ts'
import type { EarlyStarts } from './early-starts.ts'
import { isWaiting, type Running } from './running.ts'

export interface StandingsParts {
  ledger: Pick<Ledger, 'verify'>
  clock: Clock
  early: EarlyStarts<Running>
  /** What this peer holds. */
  running: () => Running[]
}

export class AttemptStandings {
  readonly #parts: StandingsParts
  readonly #turns: RepeatedTurn

  constructor(parts: StandingsParts) {
    this.#parts = parts
    // Failures need no word here: the sweep looks again and tells of the ledger's health.
    this.#turns = new RepeatedTurn(parts.clock, () => this.look(), { everyMs: null, onHealth: () => {} })
  }

  /** Something is being stopped: looks, soon, which attempts must hear of it. */
  lookSoon(): void {
    this.#turns.wake()
  }

  stop(): Promise<void> {
    return this.#turns.stop()
  }

  /** An attempt whose claim is lost runs for nobody; one whose run or DAG is being stopped is told so. */
  async look(): Promise<void> {
    const { ledger, clock, early } = this.#parts
    const running = this.#parts.running()
    if (running.length === 0) return
    // A claim that is being written is none yet.
    const unknown = new Set(running.filter(one => one.early?.isOpen === true))
    const askedMs = clock.monotonicMs()
    const standings = await ledger.verify(running.map(({ attempt }) => attempt.claimed.claim))
    for (const [index, one] of running.entries()) {
      const { attempt } = one
      if (standings[index] === 'stopping' && isWaiting(one)) attempt.end({ kind: 'release', error: STOPPING })
      else if (standings[index] === 'stopping') attempt.stop()
      if (standings[index] !== 'lost') early.confirm(one)
      const mayCome = unknown.has(one) && early.mayStillCome(one, askedMs)
      if (standings[index] === 'lost' && !mayCome) attempt.end({ kind: 'discard', error: LEASE_LOST }, 0)
    }
  }
}
