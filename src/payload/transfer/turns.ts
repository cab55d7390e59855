/** At most so many at the same time, first come first served. */
import { LightflowError } from '../../core/errors.ts'

export interface TurnLimits {
  atOnce: number
  waiting: number
}

export interface HeldTurn {
  /** Gives the turn to the next one while `work` waits for others; then it is waited for again. Throws as `take` does. */
  lend<T>(work: () => Promise<T>): Promise<T>
}

export class Turns {
  readonly #limits: TurnLimits
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(limits: TurnLimits) {
    this.#limits = limits
  }

  /** Runs `work` when it is its turn. Throws `LF_PAYLOAD_BUSY` when too many wait, and the signal's reason when it aborts first. */
  async take<T>(signal: AbortSignal, work: (turn: HeldTurn) => Promise<T>): Promise<T> {
    await this.#enter(signal)
    let isHeld = true
    const lend: HeldTurn['lend'] = async during => {
      isHeld = false
      this.#next()
      const result = await during()
      await this.#enter(signal)
      isHeld = true
      return result
    }
    try {
      signal.throwIfAborted()
      return await work({ lend })
    } finally {
      if (isHeld) this.#next()
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    if (this.#running >= this.#limits.atOnce) await this.#wait(signal)
    else this.#running += 1
  }

  /** The place of the one that ended goes to the next one, so nobody overtakes. */
  #next(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running -= 1
    else next()
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.length >= this.#limits.waiting) {
      throw new LightflowError('LF_PAYLOAD_BUSY', `${this.#waiting.length} payloads wait already to be fetched.`, {
        hint: 'The task is tried again later; lower the capacity of the peer if this lasts.',
      })
    }
    return new Promise((resolve, reject) => {
      const start = () => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(start), 1)
        reject(signal.reason as Error)
      }
      signal.addEventListener('abort', giveUp, { once: true })
      this.#waiting.push(start)
      if (signal.aborted) giveUp()
    })
  }
}
