/**
 * One incarnation of a peer: a process with a clock of its own that can be stopped, stalled or killed at any moment. Everything that
 * reaches it from outside (timers, answers, hints) goes through `enter`; what a dead process would have done never happens.
 */
import type { Clock, Timer } from '../../src/core/clock.ts'
import type { Draw } from './draw.ts'
import type { QueuedEvent } from './event-queue.ts'
import type { World } from './world.ts'

/** `stopped`: SIGSTOP, everything stands still. `stalled`: the main loop is blocked, worker threads run on. */
export type ProcessState = 'running' | 'stopped' | 'stalled' | 'dead'

export interface ClockFaults {
  /** 1 = as the world. */
  rate: number
  wallSkewMs: number
}

/** After a stop everything that waited comes at once, in any order, within this time. */
const WAKE_SPREAD_MS = 4

export class SimProcess {
  readonly name: string
  readonly clock: Clock
  readonly world: World
  state: ProcessState = 'running'
  /** When it was last stopped, stalled or woken: overlaps around that time are excused. */
  disturbed = false
  /** Ledger calls left before it dies; null = it does not. */
  crashAfterCalls: number | null = null
  /** No call of this process reaches the ledger. */
  cutFromLedger = false
  diedAtMs: number | null = null
  /** Others can dial it: a twin has no mesh. */
  listens = true
  /** When it last came back from being suspended: of what happened meanwhile its own clock knows nothing. */
  resumedAtMs = Number.NEGATIVE_INFINITY
  /** Its beats do not. */
  isMute = false
  readonly #draw: Draw
  readonly #rate: number
  readonly #startMs: number
  readonly #timers = new Set<object>()
  readonly #deathListeners: (() => void)[] = []
  #suspendedMs = 0
  #suspendedAtMs: number | null = null
  #backlog: (() => void)[] = []

  constructor(world: World, name: string, draw: Draw, { rate, wallSkewMs }: ClockFaults) {
    this.world = world
    this.name = name
    this.#draw = draw
    this.#rate = rate
    this.#startMs = world.nowMs
    this.clock = {
      monotonicMs: () => this.#monotonicMs(),
      wallMs: () => world.nowMs + wallSkewMs,
      timer: (delayMs, run) => this.#timer(delayMs, run),
      sleep: (delayMs, signal) => this.#sleep(delayMs, signal),
    }
  }

  /** Name of the peer: processes after one another, and twins, share it. */
  get identity(): string {
    return this.name.slice(0, this.name.lastIndexOf('.'))
  }

  get isDead(): boolean {
    return this.state === 'dead'
  }

  /** Timers of the supervisor and its helpers that have neither fired nor been cancelled. */
  get pendingTimers(): number {
    return this.#timers.size
  }

  /** Runs `run` on the main loop: now, after waking up, or never. */
  enter(run: () => void): void {
    if (this.state === 'running') run()
    else if (this.state !== 'dead') this.#backlog.push(run)
  }

  /** The same on a worker thread, which a stall of the main loop does not touch. */
  enterWorker(run: () => void): void {
    if (this.state === 'stalled') run()
    else this.enter(run)
  }

  /** Stands still for a while. `suspend`: its monotonic clock does too, as on a laptop that sleeps. */
  hold(kind: 'stopped' | 'stalled', forMs: number, suspend = false): void {
    if (this.state !== 'running') return
    this.state = kind
    this.disturbed = true
    if (suspend) this.#suspendedAtMs = this.world.nowMs
    this.world.schedule(forMs, () => this.wake())
  }

  wake(): void {
    if (this.state !== 'stopped' && this.state !== 'stalled') return
    this.state = 'running'
    if (this.#suspendedAtMs !== null) {
      this.#suspendedMs += this.world.nowMs - this.#suspendedAtMs
      this.resumedAtMs = this.world.nowMs
    }
    this.#suspendedAtMs = null
    const backlog = this.#draw.shuffle(this.#backlog)
    this.#backlog = []
    for (const run of backlog) this.world.schedule(this.#draw.between(0, WAKE_SPREAD_MS), () => this.enter(run))
  }

  onDeath(listener: () => void): void {
    this.#deathListeners.push(listener)
  }

  die(): void {
    if (this.state === 'dead') return
    this.state = 'dead'
    this.diedAtMs = this.world.nowMs
    this.#backlog = []
    for (const listener of this.#deathListeners) listener()
  }

  #monotonicMs(): number {
    const untilMs = this.#suspendedAtMs ?? this.world.nowMs
    return (untilMs - this.#startMs - this.#suspendedMs) * this.#rate
  }

  #timer(delayMs: number, run: () => void): Timer {
    const entry = {}
    this.#timers.add(entry)
    const dueMs = this.#monotonicMs() + Math.max(0, delayMs)
    let event: QueuedEvent
    const arm = () => {
      event = this.world.schedule(Math.max(0, dueMs - this.#monotonicMs()) / this.#rate, () => this.enter(fire))
    }
    const fire = () => {
      if (!this.#timers.has(entry)) return
      // The clock stood still meanwhile: it is not time yet.
      if (this.#monotonicMs() < dueMs - 0.01) return arm()
      this.#timers.delete(entry)
      run()
    }
    arm()
    return {
      cancel: () => {
        this.#timers.delete(entry)
        event.cancel()
      },
    }
  }

  #sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      if (signal?.aborted === true) return resolve()
      const done = () => {
        timer.cancel()
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = this.#timer(delayMs, done)
      signal?.addEventListener('abort', done, { once: true })
    })
  }
}
