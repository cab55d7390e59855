/**
 * What others claimed for this peer: it looks what that is when it is told, and at every sweep, since it may have been told in vain. The ledger
 * says what was passed on and still holds; being told twice, or of nothing, is a look more. Who tells has heard before that it is on the disk,
 * so a look for what was named does not wait for the disk; one for all does.
 */
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Random } from '../core/random.ts'
import type { ClaimedTask, Ledger } from '../ledger/ledger.ts'
import { RepeatedTurn } from './background.ts'
import type { Timing } from './timing.ts'
import { untilFreshlyAnswered } from './until-answered.ts'

export interface PassedClaimsParts {
  ledger: Pick<Ledger, 'passedTo'>
  clock: Clock
  random: Random
  log: Log
  timing: Timing
  /** The current session. */
  session: () => string
  /** Claim ids of what this peer runs: there is nothing to begin. */
  known: () => readonly string[]
  /** Begins it, or gives it back. */
  take: (claimed: ClaimedTask, session: string) => void
  /** Aborts when the peer leaves: what is passed to it then is taken over from it. */
  signal: AbortSignal
}

export class PassedClaims {
  readonly #parts: PassedClaimsParts
  readonly #turns: RepeatedTurn
  /** Claim ids that were named since the last look; null: all is looked for. */
  #named: string[] | null = []

  constructor(parts: PassedClaimsParts) {
    this.#parts = parts
    this.#turns = new RepeatedTurn(parts.clock, () => this.#turn(), {
      everyMs: null,
      onHealth: error => {
        if (error !== null)
          parts.log.warn('it is not known what was passed to this peer; the next sweep looks again', { error })
      },
    })
  }

  /** Something may have been passed to this peer. */
  look(): void {
    this.#named = null
    this.#turns.wake()
  }

  /** These were passed to it, says who did it, and are on the disk. */
  lookFor(claimIds: readonly string[]): void {
    this.#named?.push(...claimIds)
    this.#turns.wake()
  }

  stop(): Promise<void> {
    return this.#turns.stop()
  }

  async #turn(): Promise<void> {
    const { ledger, session, known, take } = this.#parts
    const named = this.#named ?? undefined
    this.#named = []
    const me = session()
    if (me === '' || named?.length === 0) return
    const passed = await untilFreshlyAnswered(() => ledger.passedTo(me, known(), named), this.#parts)
    // Claims of an earlier session are lost with it.
    if (session() === me) for (const claimed of passed) take(claimed, me)
  }
}
