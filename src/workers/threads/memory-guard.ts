/**
 * Ends a task that uses more memory than it may. V8's own limit is not enough: when one large object (an array or a Map that grows)
 * goes past it by more than some MB, V8 ends the whole process, and the peer with it. So its limit is set far above ours, and ours is
 * looked after from outside, also while the task never gives control back.
 */
import type { ResourceLimits, Worker } from 'node:worker_threads'
import type { Clock, Timer } from '../../core/clock.ts'

/** No single object of V8 is larger than 1 GB: what grows between two looks ends here. It is a number only, no memory is taken. */
const HEADROOM_MB = 2048
/** A fast task makes about 1 GB per second. */
const LOOK_EVERY_MS = 200

/**
 * For objects that live shortly; V8 by itself takes 48 MB. A thread that loads a workflow of 100,000 tasks grew to 232 MB, of which it kept 51,
 * and loads it no slower so.
 */
const YOUNG_MB = 16

const MB = 1024 * 1024

export function limitsFor(maxHeapMb: number): ResourceLimits {
  return { maxOldGenerationSizeMb: maxHeapMb + HEADROOM_MB, maxYoungGenerationSizeMb: YOUNG_MB }
}

export class MemoryGuard {
  readonly #clock: Pick<Clock, 'timer'>
  readonly #maxHeapBytes: number
  #timer: Timer | null = null

  constructor(clock: Pick<Clock, 'timer'>, maxHeapMb: number) {
    this.#clock = clock
    this.#maxHeapBytes = maxHeapMb * MB
  }

  /** Looks again and again, until {@link rest}, and calls `onTooMuch` at most once. */
  watch(worker: Worker, onTooMuch: () => void): void {
    const timer = this.#clock.timer(LOOK_EVERY_MS, () => void this.#look(worker, onTooMuch, timer))
    this.#timer = timer
  }

  rest(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  async #look(worker: Worker, onTooMuch: () => void, timer: Timer): Promise<void> {
    const usedBytes = await heapBytes(worker)
    if (this.#timer !== timer) return
    if (usedBytes > this.#maxHeapBytes) onTooMuch()
    else this.watch(worker, onTooMuch)
  }
}

/** 0 when the thread does not answer because it is not up yet, or gone. */
async function heapBytes(worker: Worker): Promise<number> {
  try {
    return (await worker.getHeapStatistics()).used_heap_size
  } catch {
    return 0
  }
}
