/**
 * Keeps this peer's session alive: one beat for all its claims. Beats are dated from their sending (R11). Told that the session
 * was buried, or without an acknowledged beat for too long, it raises the fence: the owner must end what it runs.
 */
import type { Clock, Timer } from '../core/clock.ts'
import { hasCode } from '../core/errors.ts'
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
  /** A beat failed, for whatever reason. */
  onFailure: (error: unknown) => void
  /** A session was opened: the first one, or the one after a burial. */
  onOpen: (session: string) => void
}

export class SessionKeeper {
  readonly #parts: SessionKeeperParts
  readonly #turns: RepeatedTurn
  #session = ''
  #beat = 0
  #opening: { session: NewSession; sentMs: number } | null = null
  #ackedMs = Number.NEGATIVE_INFINITY
  #fenced = false
  #fenceTimer: Timer | null = null

  constructor(parts: SessionKeeperParts) {
    this.#parts = parts
    this.#turns = new RepeatedTurn(parts.clock, () => this.#turn(), {
      everyMs: () => parts.timing.beatMs,
      onHealth: error => {
        if (error === null) parts.log.info('the ledger takes beats again')
        else parts.log.warn('a beat was not acknowledged; trying again', { error })
        if (error !== null) parts.onFailure(error)
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
    this.#fenceTimer?.cancel()
    await this.#turns.stop()
    this.#fenceTimer?.cancel()
  }

  /** Says goodbye in the ledger. */
  async close(): Promise<void> {
    await this.stop()
    await this.#parts.ledger.closeSession(this.#session)
  }

  async #open(): Promise<void> {
    const { ledger, clock, describe, onOpen } = this.#parts
    // An opening whose answer was lost is repeated under its id: a second session of this peer would be refused for ever.
    this.#opening ??= { session: describe(), sentMs: clock.monotonicMs() }
    const { sentMs, session: described } = this.#opening
    const session = await ledger.openSession(described).catch(error => {
      // Buried before its opener heard of it.
      if (hasCode(error, 'LF_SESSION_BURIED')) this.#opening = null
      throw error
    })
    this.#opening = null
    this.#session = session.id
    this.#beat = session.beat
    this.#acknowledge(sentMs)
    onOpen(session.id)
  }

  async #turn(): Promise<void> {
    const { ledger, clock, report, log } = this.#parts
    // A process that was suspended finds here that its time is over, before any timer has told it.
    this.#fenceWhenExpired()
    const sentMs = clock.monotonicMs()
    // A number of its own for each try: repeating one that had arrived would prove nothing to the observers.
    this.#beat += 1
    const answer = await ledger.beat(this.#session, this.#beat, report())
    if (answer === 'ok') {
      this.#acknowledge(sentMs)
      return
    }
    log.warn('this peer was declared dead by another one; it ends what it runs and starts a new session', {
      session: this.#session,
    })
    this.#fence('buried')
    // Gives up what the ledger keeps of the old one for this process: its lock.
    await ledger.closeSession(this.#session)
    await this.#open()
  }

  /** The lease counts from the sending of the beat; a timer of its own fences even while a beat hangs. */
  #acknowledge(sentMs: number): void {
    const { clock, timing } = this.#parts
    this.#ackedMs = sentMs
    this.#fenced = false
    this.#fenceTimer?.cancel()
    const leftMs = sentMs + timing.selfFenceMs - clock.monotonicMs()
    this.#fenceTimer = clock.timer(Math.max(0, leftMs) + 1, () => this.#fenceWhenExpired())
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
