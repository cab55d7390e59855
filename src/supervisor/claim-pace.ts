/**
 * How long a peer that ranks second lets the first one try. While claims are answered slowly, because many peers start or the machine is
 * busy, the usual wait is over before the first one has its answer, and everybody tries in vain: with 50 peers and answers after 60 ms,
 * 2.3 claims were tried for each that was won. Pure: the time is told to it.
 */

/** An answer this old says nothing about the next. */
const REMEMBERED_FOR_MS = 5000
/** Peers see a task some time after each other. */
const MARGIN = 1.5
/** However slow the ledger, nobody is waited for longer per rank. */
export const MAX_PACE_MS = 200

export class ClaimPace {
  readonly #leastMs: number
  #slow: { tookMs: number; atMs: number }[] = []

  /** `leastMs`: wait per rank when the ledger answers at once. */
  constructor(leastMs: number) {
    this.#leastMs = leastMs
  }

  /** The ledger answered just now, after so long; or this process was kept from running for so long. */
  note(tookMs: number, nowMs: number): void {
    // Of two answers, the later one outlives the earlier one: only slower ones before it still count.
    this.#slow = this.#slow.filter(answer => answer.tookMs > tookMs && nowMs - answer.atMs < REMEMBERED_FOR_MS)
    this.#slow.push({ tookMs, atMs: nowMs })
  }

  /** Wait per rank: somewhat longer than the slowest answer of the last seconds took. */
  rankDelayMs(nowMs: number): number {
    const slowest = this.#slow.find(({ atMs }) => nowMs - atMs < REMEMBERED_FOR_MS)
    return Math.max(this.#leastMs, Math.min(MARGIN * (slowest?.tookMs ?? 0), MAX_PACE_MS))
  }
}
