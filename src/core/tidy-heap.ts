/**
 * Gives memory back that a thread does not need any more. Loading a peer, connecting it with many others and every burst of work leave
 * garbage; V8 collects it when it needs the room, which in a peer that waits for the next measurement is never. So each thread that lives for
 * long looks at its heap now and then, and has it collected once it is large and the thread has nothing to do.
 *
 * Not soon after work: such a collection takes room for young objects and shapes of objects with it, and with these the code that was compiled
 * for them, so that whatever runs next is as slow as after a start. Work comes in bursts, and more of it is likely.
 *
 * Owned by whoever owns the thread: `stop` ends it.
 */
import { getHeapStatistics } from 'node:v8'
import type { Clock, Timer } from './clock.ts'

export interface HeapLook {
  /** Taken from the system for objects now. */
  heapBytes: number
  /** The same after the last collection that was asked for here; 0 before the first. */
  keptBytes: number
  /** Of one core, since the last look, 0 to 1. */
  cpuShare: number
  /** Since this thread did what it is there for; infinite when it has not yet. */
  sinceWorkMs: number
}

export interface TidyHeapParts {
  clock: Pick<Clock, 'monotonicMs' | 'timer'>
  /** By default what V8 and the system say of this thread. */
  heapBytes?: () => number
  /** CPU time of this thread so far. */
  cpuMs?: () => number
  /** Collects what is garbage in this thread; it stands still meanwhile, for a tenth of a second or so. */
  collect?: () => Promise<void>
}

const LOOK_EVERY_MS = 10_000
/** Less is not worth standing still for. */
const WORTH_BYTES = 6 * 1024 * 1024
/** The same while somebody waits for the thread. */
const WORTH_AT_ONCE_BYTES = 24 * 1024 * 1024
/** Nor is less than this share of what is kept: to look through that is what takes time, and a library's peer shares the heap of its program. */
const WORTH_SHARE = 0.1
/** A thread that does more than this has better things to do. */
const IDLE_CPU_SHARE = 0.1
/** A pause between two measurements is no end of work. */
const REST_AFTER_WORK_MS = 5 * 60_000

/** True when a collection would cost nobody time and may give something back. */
export function isWorthTidying({ heapBytes, keptBytes, cpuShare, sinceWorkMs }: HeapLook): boolean {
  const isIdle = cpuShare < IDLE_CPU_SHARE && sinceWorkMs >= REST_AFTER_WORK_MS
  return isIdle && heapBytes - keptBytes >= Math.max(WORTH_BYTES, WORTH_SHARE * keptBytes)
}

export class TidyHeap {
  readonly #parts: Required<TidyHeapParts>
  #timer: Timer | undefined
  #keptBytes = 0
  #last = { atMs: 0, cpuMs: 0 }
  #hasWorked = false
  #workedMs = Number.NEGATIVE_INFINITY
  #stopped = false

  constructor({ clock, heapBytes = ownHeapBytes, cpuMs = ownCpuMs, collect = collectOwn }: TidyHeapParts) {
    this.#parts = { clock, heapBytes, cpuMs, collect }
  }

  start(): void {
    const { clock, cpuMs } = this.#parts
    this.#last = { atMs: clock.monotonicMs(), cpuMs: cpuMs() }
    this.#arm()
  }

  /** The thread does what it is there for. */
  noteWork(): void {
    this.#hasWorked = true
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #arm(): void {
    if (!this.#stopped) this.#timer = this.#parts.clock.timer(LOOK_EVERY_MS, () => void this.#look())
  }

  async #look(): Promise<void> {
    const { clock, heapBytes, cpuMs, collect } = this.#parts
    const now = { atMs: clock.monotonicMs(), cpuMs: cpuMs() }
    const cpuShare = (now.cpuMs - this.#last.cpuMs) / (now.atMs - this.#last.atMs)
    this.#last = now
    if (this.#hasWorked) this.#workedMs = now.atMs
    this.#hasWorked = false
    const sinceWorkMs = now.atMs - this.#workedMs
    if (isWorthTidying({ heapBytes: heapBytes(), keptBytes: this.#keptBytes, cpuShare, sinceWorkMs })) {
      // A Node.js that was built without what this needs keeps its garbage.
      await collect().catch(() => {})
      this.#keptBytes = heapBytes()
    }
    this.#arm()
  }
}

/**
 * The same at once, for a thread that has just made much garbage and will not make as much again for long. `beforeBytes`: what it had taken
 * before.
 */
export async function tidyAfter(
  beforeBytes: number,
  { heapBytes = ownHeapBytes, collect = collectOwn }: Pick<TidyHeapParts, 'heapBytes' | 'collect'> = {},
): Promise<void> {
  if (heapBytes() - beforeBytes >= WORTH_AT_ONCE_BYTES) await collect().catch(() => {})
}

export function ownHeapBytes(): number {
  return getHeapStatistics().total_heap_size
}

function ownCpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** The one way to ask for it without a flag on the command line. */
async function collectOwn(): Promise<void> {
  const { Session } = await import('node:inspector/promises')
  const session = new Session()
  session.connect()
  try {
    await session.post('HeapProfiler.collectGarbage')
  } finally {
    session.disconnect()
  }
}
