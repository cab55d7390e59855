/** Ends one thread, with the programs of its task, and gives up on one that does not end. */
import type { Worker } from 'node:worker_threads'
import type { Clock, Timer } from '../../core/clock.ts'
import { killChildrenOf } from './thread-children.ts'

/** Between two looks at a thread that was told to end: a program that it was just starting is found then. */
const LOOK_AGAIN_MS = 100
/** A thread inside a system call that does not return cannot be ended: after 5 s its job no longer waits for it. */
const MAX_LOOKS = 50

export class ThreadEnd {
  readonly #clock: Pick<Clock, 'timer'>
  readonly #onGiveUp: () => void
  #timer: Timer | null = null
  #isBegun = false

  constructor(clock: Pick<Clock, 'timer'>, onGiveUp: () => void) {
    this.#clock = clock
    this.#onGiveUp = onGiveUp
  }

  /** `systemThread`: the parent of the programs to end; null leaves them alone. Only the first call counts. */
  begin(worker: Worker, systemThread: number | null): void {
    if (this.#isBegun) return
    this.#isBegun = true
    // Once the thread is gone, its programs have another parent and cannot be found.
    killChildrenOf(systemThread)
    void worker.terminate()
    this.#look(systemThread, MAX_LOOKS)
  }

  /** The thread is gone. */
  done(): void {
    this.#isBegun = true
    this.#timer?.cancel()
  }

  #look(systemThread: number | null, looksLeft: number): void {
    if (looksLeft === 0) return this.#onGiveUp()
    killChildrenOf(systemThread)
    this.#timer = this.#clock.timer(LOOK_AGAIN_MS, () => this.#look(systemThread, looksLeft - 1))
  }
}
