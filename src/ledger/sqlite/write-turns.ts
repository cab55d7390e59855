/**
 * Whose turn it is to write, when many processes want to at once. There is no queue that they could all see, so each keeps two rules of its
 * own that together come close to one: who has just come looks seldom, who has waited for as long as is usual looks often; and who
 * has just written leaves a gap before the next write, for others to get in. Without them every look is a lottery with equal chances, in
 * which somebody always draws blanks for a second.
 */
import type { Random } from '../../core/random.ts'
import { MAX_WRITE_RETRY_PAUSE_MS } from '../ledger-limits.ts'
import { whenFree, type Turn } from './busy-retry.ts'

/** Two processes pass the turn to and fro in less; with more of them, looking this often would only take their time. */
const MIN_PAUSE_MS = 0.5
/** Between two looks, as a part of the usual wait. */
const PAUSE_SHARE = 1 / 4
/** Between two writes of this process while others are waiting, as a part of their longest pause: as long as they pause on average. */
const GAP_SHARE = 1 / 2
/** Others count as waiting for so long after the last collision with one of them. */
const RIVALS_REMEMBERED_MS = 2000
/** From this part of the usual wait on, looking often pays. */
const PATIENT_SHARE = 0.8
/** However long waits have become: what made them long may be over. */
const MAX_PATIENT_PAUSE_MS = 50
/** Weight of the newest wait in the usual one. */
const NEWEST_SHARE = 0.2

export class WriteTurns {
  readonly #turn: Turn
  #usualWaitMs = 0
  #endedMs = Number.NEGATIVE_INFINITY
  #collidedMs = Number.NEGATIVE_INFINITY

  constructor(turn: Turn) {
    this.#turn = turn
  }

  /** Resolves when `begin` has succeeded: the turn lasts until `end`. `LF_LEDGER_BUSY` after a minute. */
  async take(begin: () => void): Promise<void> {
    const { clock, random } = this.#turn
    const startedMs = clock.monotonicMs()
    const gapMs = this.#endedMs + longestPauseMs(this.#usualWaitMs) * GAP_SHARE - startedMs
    if (gapMs > 0 && startedMs - this.#collidedMs < RIVALS_REMEMBERED_MS) await clock.sleep(gapMs)
    await whenFree(begin, this.#turn, waitedMs => {
      this.#collidedMs = startedMs + waitedMs
      return pauseMs({ waitedMs, usualWaitMs: this.#usualWaitMs }, random)
    })
    this.#usualWaitMs += (clock.monotonicMs() - startedMs - this.#usualWaitMs) * NEWEST_SHARE
  }

  end(): void {
    this.#endedMs = this.#turn.clock.monotonicMs()
  }
}

/** How long to wait before the next look. */
export function pauseMs(
  { waitedMs, usualWaitMs }: { waitedMs: number; usualWaitMs: number },
  random: Pick<Random, 'float'>,
): number {
  const patientMs = (usualWaitMs * PATIENT_SHARE - waitedMs) * (0.5 + random.float() / 2)
  return Math.max(random.float() * longestPauseMs(usualWaitMs), Math.min(patientMs, MAX_PATIENT_PAUSE_MS))
}

/** Of those that are made again and again when the wait is as long as is usual. */
function longestPauseMs(usualWaitMs: number): number {
  return Math.min(Math.max(usualWaitMs * PAUSE_SHARE, MIN_PAUSE_MS), MAX_WRITE_RETRY_PAUSE_MS)
}
