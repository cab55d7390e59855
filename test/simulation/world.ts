/**
 * Virtual time: the only thing in a simulation that makes something happen. Events run one by one in order of their due time; all
 * promises that an event settles have their turn before the next event. Keeps the newest lines of the story for the report.
 */
import type { Clock, Timer } from '../../src/core/clock.ts'
import { EventQueue, type QueuedEvent } from './event-queue.ts'

/** An invariant that did not hold. Ends the simulation. */
export class Violation extends Error {
  readonly invariant: string

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`)
    this.invariant = invariant
  }
}

const LINES_KEPT = 600
const START_MS = 1_000_000

export class World {
  nowMs = START_MS
  violation: Violation | null = null
  /** Bodies may hang. */
  mayHang = true
  events = 0
  readonly #queue = new EventQueue()
  readonly #lines: string[] = []
  readonly #verbose: ((line: string) => void) | null

  constructor(verbose: ((line: string) => void) | null = null) {
    this.#verbose = verbose
  }

  /** Milliseconds since the start. */
  get ageMs(): number {
    return this.nowMs - START_MS
  }

  schedule(delayMs: number, run: () => void): QueuedEvent {
    return this.#queue.add(this.nowMs + Math.max(0, delayMs), run)
  }

  tell(line: string): void {
    const stamped = `${this.ageMs.toFixed(0).padStart(8)} ${line}`
    this.#verbose?.(stamped)
    this.#lines.push(stamped)
    if (this.#lines.length > 2 * LINES_KEPT) this.#lines.splice(0, LINES_KEPT)
  }

  get lines(): readonly string[] {
    return this.#lines.slice(-LINES_KEPT)
  }

  /** Notes the first violation; the loop ends after the running event. */
  violate(invariant: string, message: string): void {
    this.violation ??= new Violation(invariant, message)
    this.tell(`VIOLATION ${invariant}: ${message}`)
  }

  /** Runs until `isOver` (asked after each event), for at most `forMs`. False when the time ran out. */
  async run(forMs: number, isOver: () => boolean = () => false): Promise<boolean> {
    const untilMs = this.nowMs + forMs
    await settle()
    while (this.violation === null) {
      if (isOver()) return true
      const next = this.#queue.take(untilMs)
      if (next === undefined) break
      this.nowMs = Math.max(this.nowMs, next.dueMs)
      this.events += 1
      next.run()
      await settle()
    }
    if (this.violation === null) this.nowMs = untilMs
    return isOver()
  }

  /** Time as an observer outside of all peers sees it: the ledger's and the network's clock. */
  readonly clock: Clock = {
    monotonicMs: () => this.nowMs,
    wallMs: () => this.nowMs,
    timer: (delayMs, run): Timer => {
      const event = this.schedule(delayMs, run)
      return { cancel: () => event.cancel() }
    },
    sleep: delayMs => new Promise(resolve => this.schedule(delayMs, resolve)),
  }
}

/** Promises settle in microtasks, all of which run before this does. */
function settle(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
