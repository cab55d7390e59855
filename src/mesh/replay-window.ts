/** Tells new messages of a session from repeated ones by their sequence numbers, in any order, with a bounded memory. */
export class ReplayWindow {
  readonly #size: number
  /** The number seen last at each place `seq % size`. */
  readonly #seen: Float64Array
  #highest = -1

  constructor(size: number) {
    this.#size = size
    this.#seen = new Float64Array(size).fill(-1)
  }

  /** True for a number that was not admitted before and is not older than the window reaches back. */
  admits(seq: number): boolean {
    if (seq <= this.#highest - this.#size) return false
    const place = seq % this.#size
    if (this.#seen[place] === seq) return false
    this.#seen[place] = seq
    this.#highest = Math.max(this.#highest, seq)
    return true
  }
}
