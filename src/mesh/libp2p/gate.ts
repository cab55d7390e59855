/** Lets a few in at the same time; the others wait for their turn, in order, or until they give up. */
export class Gate {
  readonly #waiting = new Set<() => void>()
  #free: number

  constructor(most: number) {
    this.#free = most
  }

  /** True when it is this one's turn: it must then {@link leave}. False when `signal` aborted before. */
  async enter(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false
    if (this.#free > 0) {
      this.#free--
      return true
    }
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const letIn = () => resolve(true)
    const giveUp = () => {
      this.#waiting.delete(letIn)
      resolve(false)
    }
    this.#waiting.add(letIn)
    signal.addEventListener('abort', giveUp, { once: true })
    const isIn = await promise
    signal.removeEventListener('abort', giveUp)
    return isIn
  }

  leave(): void {
    const [next] = this.#waiting
    if (next === undefined) return void this.#free++
    this.#waiting.delete(next)
    next()
  }
}
