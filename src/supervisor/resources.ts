/**
 * What of this peer's resources is free. A task that waits in `joinDags` gives back what it needs, as it gives back its place, and takes it
 * again before any new claim when it goes on.
 */
import { hasNeeds, parseQueue, type Amounts } from '../workflow/needs.ts'

export class Resources {
  readonly #free = new Map<string, number>()
  readonly #resuming: { needs: Amounts; go: () => void }[] = []

  constructor(total: Amounts) {
    for (const [name, amount] of Object.entries(total)) this.#free.set(name, amount)
  }

  /** Whether a new task of this queue can be claimed. Nobody overtakes what waits to go on. */
  fits(queue: string): boolean {
    if (!hasNeeds(queue)) return true
    const { needs } = parseQueue(queue)
    const isAwaited = this.#resuming.some(waiting => Object.keys(needs).some(name => name in waiting.needs))
    return !isAwaited && this.#has(needs)
  }

  take(queue: string): void {
    if (hasNeeds(queue)) this.#change(parseQueue(queue).needs, -1)
  }

  give(queue: string): void {
    if (!hasNeeds(queue)) return
    this.#change(parseQueue(queue).needs, 1)
    for (let first = this.#resuming[0]; first !== undefined && this.#has(first.needs); first = this.#resuming[0]) {
      this.#change(first.needs, -1)
      this.#resuming.shift()
      first.go()
    }
  }

  /** Waits for what a task of this queue needs, first come first served; then it is taken. */
  async resume(queue: string): Promise<void> {
    if (!hasNeeds(queue)) return
    const { needs } = parseQueue(queue)
    if (this.#resuming.length > 0 || !this.#has(needs)) {
      await new Promise<void>(go => this.#resuming.push({ needs, go }))
    } else {
      this.#change(needs, -1)
    }
  }

  #has(needs: Amounts): boolean {
    return Object.entries(needs).every(([name, amount]) => (this.#free.get(name) ?? 0) >= amount)
  }

  #change(needs: Amounts, sign: 1 | -1): void {
    for (const [name, amount] of Object.entries(needs)) {
      this.#free.set(name, (this.#free.get(name) ?? 0) + sign * amount)
    }
  }
}
