/**
 * How many tasks this peer runs at once. A task that waits in `joinDags` gives its place back and takes one again, before any new
 * claim, when it goes on.
 */
export class Capacity {
  readonly total: number
  #taken = 0
  readonly #resuming: (() => void)[] = []
  /** A task that goes on has to wait for a place. */
  onAwaited: () => void = () => {}

  constructor(total: number) {
    this.total = total
  }

  /** Places for new claims. */
  get free(): number {
    return Math.max(0, this.total - this.#taken - this.#resuming.length)
  }

  get taken(): number {
    return this.#taken
  }

  /** Whether a task that goes on waits for a place. */
  get isAwaited(): boolean {
    return this.#resuming.length > 0
  }

  /** Somebody's place was taken already by the one that comes after: it has none to give. */
  get isOver(): boolean {
    return this.#taken > this.total
  }

  take(count: number): void {
    this.#taken += count
  }

  give(count: number): void {
    this.#taken -= count
    while (this.#resuming.length > 0 && this.#taken < this.total) {
      this.#taken += 1
      this.#resuming.shift()?.()
    }
  }

  /** Waits for a place, first come first served and before new claims; then the place is taken. */
  async resume(): Promise<void> {
    if (this.#taken < this.total && this.#resuming.length === 0) {
      this.#taken += 1
      return
    }
    const place = new Promise<void>(resolve => this.#resuming.push(resolve))
    this.onAwaited()
    await place
  }
}
