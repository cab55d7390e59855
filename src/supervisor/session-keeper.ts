/**
 * Keeps this peer's session alive: one beat for all its claims. Beats are dated from their sending (R11). Told that the session
 * was buried, or without an acknowledged beat for too long, it raises the fence: the owner must end what it runs.
 */
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { BeatReport, Ledger, NewSession } from '../ledger/ledger.ts'
import { RepeatedTurn } from './background.ts'
import type { Timing } from './timing.ts'

export interface SessionKeeperParts {
  ledger: Ledger
  clock: Clock
  log: Log
  timing: Timing
  /** Everything of a new session but its id. */
  describe: () => NewSession
  report: () => BeatReport
  /** The session was buried by others (its claims are void), or its lease ran out unrenewed. */
  onFence: (reason: 'buried' | 'expired') => void
  /** A session was opened: the first one, or the one after a burial. */
  onOpen: (session: string) => void
}

export class SessionKeeper {
  readonly #parts: SessionKeeperParts
  readonly #turns: RepeatedTurn
  #session = ''
  #beat = 0
  #ackedMs = Number.NEGATIVE_INFINITY
  #fenced = false

  constructor(parts: SessionKeeperParts) {
    this.#parts = parts
    this.#turns = new RepeatedTurn(parts.clock, () => this.#turn(), {
      everyMs: () => parts.timing.beatMs,
      onHealth: error => {
        if (error === null) parts.log.info('the ledger takes beats again')
        else parts.log.warn('a beat was not acknowledged; trying again', { error })
      },
    })
  }

  get session(): string {
    return this.#session
  }

  /** When the last acknowledged beat was sent, on the monotonic clock. */
  get ackedMs(): number {
    return this.#ackedMs
  }

  /** Whether claims of this session may be acted on. */
  get valid(): boolean {
    const { clock, timing } = this.#parts
    return !this.#fenced && clock.monotonicMs() - this.#ackedMs < timing.selfFenceMs
  }

  async open(): Promise<void> {
    await this.#open()
    this.#turns.wakeAfter(this.#parts.timing.beatMs)
  }

  /** Sends a beat now, for instance when what it reports changed. */
  beatSoon(): void {
    this.#turns.wake()
  }

  /** Stops beating. The session stays as it is: `close` ends it. */
  async stop(): Promise<void> {
    await this.#turns.stop()
  }

  /** Says goodbye in the ledger. */
  async close(): Promise<void> {
    await this.#turns.stop()
    await this.#parts.ledger.closeSession(this.#session)
  }

  async #open(): Promise<void> {
    const { ledger, clock, describe, onOpen } = this.#parts
    const sentMs = clock.monotonicMs()
    const session = await ledger.openSession(describe())
    this.#session = session.id
    this.#beat = session.beat
    this.#ackedMs = sentMs
    this.#fenced = false
    onOpen(session.id)
  }

  async #turn(): Promise<void> {
    const { ledger, clock, report, log } = this.#parts
    this.#fenceWhenExpired()
    const sentMs = clock.monotonicMs()
    const answer = await ledger.beat(this.#session, this.#beat + 1, report())
    if (answer === 'ok') {
      this.#beat += 1
      this.#ackedMs = sentMs
      this.#fenced = false
      return
    }
    log.warn('this peer was declared dead by another one; it ends what it runs and starts a new session', {
      session: this.#session,
    })
    this.#fence('buried')
    await this.#open()
  }

  #fenceWhenExpired(): void {
    const { clock, timing, log } = this.#parts
    if (this.#fenced || clock.monotonicMs() - this.#ackedMs < timing.selfFenceMs) return
    log.error('no beat was acknowledged for too long: this peer ends what it runs, since others may take it over', {
      selfFenceMs: timing.selfFenceMs,
    })
    this.#fence('expired')
  }

  #fence(reason: 'buried' | 'expired'): void {
    this.#fenced = true
    this.#parts.onFence(reason)
  }
}
