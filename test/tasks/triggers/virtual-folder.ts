/** A folder in which files are written over virtual time, and a clock that goes on by itself while somebody sleeps. */
import type { Clock } from '../../../src/core/clock.ts'
import type { FoundFile } from '../../../src/tasks/triggers/settling.ts'

export class SleepingClock implements Clock {
  nowMs = 0

  monotonicMs(): number {
    return this.nowMs
  }

  wallMs(): number {
    return this.nowMs
  }

  timer(): never {
    throw new Error('nobody sets timers here')
  }

  async sleep(delayMs: number): Promise<void> {
    this.nowMs += delayMs
  }
}

export interface WrittenFile {
  name: string
  /** Moments at which something is written to it; the first makes it. */
  writesMs: readonly number[]
  /** Its time when it is complete; by default that of the last write. */
  mtimeMs?: number
}

export class VirtualFolder {
  readonly #clock: SleepingClock
  readonly #files: readonly WrittenFile[]
  /** Whether a file that was made this long before the end of a look is missed by it. */
  readonly #misses: (sinceMs: number) => boolean
  readonly #old = new Set<string>()

  constructor(clock: SleepingClock, files: readonly WrittenFile[], misses: (sinceMs: number) => boolean) {
    this.#clock = clock
    this.#files = files
    this.#misses = misses
  }

  noteOld(path: string): void {
    this.#old.add(path)
  }

  async look(): Promise<FoundFile[]> {
    const { nowMs } = this.#clock
    return this.#files.flatMap(file => {
      const sinceMs = nowMs - (file.writesMs[0] ?? 0)
      if (sinceMs < 0 || this.#misses(sinceMs)) return []
      const now = this.#stateOf(file)
      return now === null ? [] : [now]
    })
  }

  async lookClosely({ path }: FoundFile): Promise<FoundFile | null> {
    const file = this.#files.find(({ name }) => name === path)
    return file === undefined ? null : this.#stateOf(file)
  }

  #stateOf({ name, writesMs, mtimeMs }: WrittenFile): FoundFile | null {
    const done = writesMs.filter(ms => ms <= this.#clock.nowMs)
    const last = done.at(-1)
    if (last === undefined) return null
    const isComplete = done.length === writesMs.length
    const timeMs = isComplete ? (mtimeMs ?? last) : last
    return { path: name, mtimeNs: BigInt(Math.round(timeMs * 1e6)), size: BigInt(done.length) }
  }
}
