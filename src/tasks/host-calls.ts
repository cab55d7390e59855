import { LightflowError } from '../core/errors.ts'

/**
 * The calls of one attempt to its host. Waits for those that the author forgot to await, and refuses those that come after the end:
 * what a task does once its result is known would be lost or, worse, not be lost.
 */
export class HostCalls {
  readonly #task: string
  readonly #pending = new Set<Promise<unknown>>()
  #isOver = false

  constructor(task: string) {
    this.#task = task
  }

  /** Rejects with `LF_TASK_ENDED` after the end, else settles as `call` does. */
  async run<Value>(call: () => Promise<Value>): Promise<Value> {
    this.#refuseLate()
    const pending = call()
    this.#pending.add(pending)
    try {
      return await pending
    } finally {
      this.#pending.delete(pending)
    }
  }

  /** The same for a call that may take for ever: nobody waits for it. */
  async runDetached<Value>(call: () => Promise<Value>): Promise<Value> {
    this.#refuseLate()
    return await call()
  }

  /** Resolves when no call is open. What a call failed with is told to who made it, not here. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending)
  }

  end(): void {
    this.#isOver = true
  }

  #refuseLate(): void {
    if (!this.#isOver) return
    throw new LightflowError('LF_TASK_ENDED', `The task "${this.#task}" has ended: it can ask for nothing more.`, {
      hint: 'Something that the callback began went on after it. Await everything that it starts.',
    })
  }
}
