/** A rate with a burst: so many per second in the long run, a few more at once after a pause. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #atMs: number | undefined

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
  }

  /** True when one more is within the rate at `nowMs` (monotonic). */
  take(nowMs: number): boolean {
    const sinceMs = this.#atMs === undefined ? 0 : Math.max(0, nowMs - this.#atMs)
    this.#atMs = nowMs
    this.#tokens = Math.min(this.#burst, this.#tokens + (sinceMs / 1000) * this.#perSecond)
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
