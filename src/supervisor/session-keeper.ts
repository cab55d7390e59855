/**
 * Keeps this peer's session alive: one beat for all its claims. Beats are dated from their sending (R11). Told that the session
 * was buried, or without an acknowledged beat for too long, it raises the fence: the owner must end what it runs.
 */
import type { Clock, Timer } from '../core/clock.ts'
import { hasCode } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { type Random, systemRandom } from '../core/random.ts'
import type { Ledger, NewSession } from '../ledger/ledger.ts'
import { RepeatedTurn } from './background.ts'
import { BeatNews, type FullReport } from './beat-news.ts'
import { type FormerSessionParts, outliveFormer } from './former-session.ts'
import { type PatienceParts, untilThere } from './patience.ts'
import { RULES, type Rules } from './rules.ts'
import type { Timing } from './timing.ts'

export interface SessionKeeperParts {
  ledger: Ledger
  clock: Clock
  random?: Random
  log: Log
  timing: Timing
  rules?: Pick<Rules, 'isExpired' | 'observe'>
  /** There is no work, as far as is known. */
  isQuiet?: () => boolean
  /** Everything of a new session but its id. */
  describe: () => NewSession
  report: () => FullReport
  /** The session was buried by others (its claims are void), or its lease ran out unrenewed. */
  onFence: (reason: 'buried' | 'expired') => void
  /** A person sent this peer away: it opens no session any more and is to be taken down. */
  onEvicted: () => void
  /** A beat failed, for whatever reason. */
  onFailure: (error: unknown) => void
  /** Beats are acknowledged again. */
  onRecovery?: () => void
  /** A session was opened: the first one, or the one after a burial. */
  onOpen: (session: string) => void
}

/** For so long, and so often, a peer shows that it lives to those who may think that it is gone: see `refusal-watch.ts`. */
const SHOWN_FOR_MS = 1500
const SHOWN_EVERY_MS = 500
/** A peer that starts is connected with one member after the other: one beat tells of all of them. */
const BEAT_WITHIN_MS = 500
/** More than are sent while what others know of this peer counts as new. */
const MAX_BEATS_REMEMBERED = 64

export class SessionKeeper {
  readonly #parts: SessionKeeperParts
  readonly #turns: RepeatedTurn
  readonly #news = new BeatNews()
  #session = ''
  #beat = 0
  /** When the last beats of this session were sent (monotonic), by their numbers. */
  readonly #sent = new Map<number, number>()
  #opening: { session: NewSession; sentMs: number } | null = null
  #ackedMs = Number.NEGATIVE_INFINITY
  #fenced = false
  #evicted = false
  #shownUntilMs = Number.NEGATIVE_INFINITY
  readonly #leaving = new AbortController()
  #fenceTimer: Timer | null = null

  constructor(parts: SessionKeeperParts) {
    this.#parts = parts
    this.#turns = new RepeatedTurn(parts.clock, () => this.#turn(), {
      everyMs: () => this.#pauseMs(),
      onHealth: error => {
        if (error === null) parts.log.info('the ledger takes beats again')
        if (error === null) parts.onRecovery?.()
        else parts.log.warn('a beat was not acknowledged; trying again', { error })
        if (error !== null) parts.onFailure(error)
      },
    })
  }

  get #rules(): Pick<Rules, 'isExpired' | 'observe'> {
    return this.#parts.rules ?? RULES
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
    return !this.#fenced && !this.#hasExpired()
  }

  /** How long ago at most something was done of which it is known that it came after this beat; Infinity for one that is not remembered. */
  ageSince(beat: number): number {
    const sentMs = this.#sent.get(beat)
    return sentMs === undefined ? Infinity : this.#parts.clock.monotonicMs() - sentMs
  }

  /** For how long they may be acted on if no further beat is acknowledged. */
  get validForMs(): number {
    return this.valid ? Math.max(0, this.#fenceInMs()) : 0
  }

  /**
   * Registers for the first time. It waits, however long, for a ledger that does not answer and for an earlier session of this peer;
   * throws `LF_PEER_ALREADY_RUNNING` when that one is alive, `LF_PEER_LEAVING` when `stop` is called meanwhile.
   */
  async open(): Promise<void> {
    await untilThere(() => this.#openInTurn(), this.#patience)
    this.#turns.wakeAfter(this.#parts.timing.beatMs)
  }

  /** After an earlier session of this peer, when there is one that nobody keeps alive. */
  async #openInTurn(): Promise<void> {
    for (;;) {
      try {
        return await this.#open()
      } catch (error) {
        const self = this.#opening?.session
        if (!hasCode(error, 'LF_PEER_ALREADY_RUNNING') || self === undefined) throw error
        if (!(await outliveFormer(self.peer, self.id, this.#patience))) throw error
        // Refused, it holds no lease: the next opening is one of its own, dated from its own sending.
        this.#opening = null
      }
    }
  }

  get #patience(): PatienceParts & FormerSessionParts {
    return { random: systemRandom, ...this.#parts, rules: this.#rules, signal: this.#leaving.signal }
  }

  /** Sends a beat now, for instance when what it reports changed. */
  beatSoon(): void {
    this.#turns.wake()
  }

  /** Sends a beat and waits for its answer, or its failure: what it reports is the last that is heard of this peer. */
  async beatNow(): Promise<void> {
    this.#turns.wake()
    await this.#turns.quiet()
  }

  beatAfter(delayMs: number): void {
    this.#turns.wakeAfter(delayMs)
  }

  /** Sends a beat in a moment, for what changes many times in a row and has time. */
  beatWithinAMoment(): void {
    this.#turns.wakeWithin(BEAT_WITHIN_MS)
  }

  /**
   * Beats now and several times more: those who lost the connection to this peer look whether its beat moves from the moment at which they
   * noticed it, and that may be a little later than this one.
   */
  showLife(): void {
    this.#shownUntilMs = this.#parts.clock.monotonicMs() + SHOWN_FOR_MS
    this.#turns.wake()
  }

  /** Stops beating. The session stays as it is: `close` ends it. */
  async stop(): Promise<void> {
    this.#leaving.abort()
    this.#fenceTimer?.cancel()
    await this.#turns.stop()
    this.#fenceTimer?.cancel()
  }

  /** Says goodbye in the ledger. */
  async close(): Promise<void> {
    await this.stop()
    // An opening that was not answered may have arrived all the same.
    const id = this.#opening?.session.id ?? this.#session
    if (id !== '') await this.#parts.ledger.closeSession(id)
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
    // It came after this peer had begun to leave.
    if (this.#leaving.signal.aborted) return ledger.closeSession(session.id)
    this.#session = session.id
    this.#beat = session.beat
    this.#sent.clear()
    this.#noteSent(sentMs)
    this.#news.opened(described.addrs)
    this.#acknowledge(sentMs)
    onOpen(session.id)
  }

  #pauseMs(): number {
    const { clock, timing, isQuiet } = this.#parts
    if (clock.monotonicMs() < this.#shownUntilMs) return Math.min(SHOWN_EVERY_MS, timing.beatMs)
    return isQuiet?.() === true ? timing.quietFactor * timing.beatMs : timing.beatMs
  }

  async #turn(): Promise<void> {
    if (this.#evicted) return
    const { ledger, clock, report, log } = this.#parts
    // A process that was suspended finds here that its time is over, before any timer has told it.
    this.#fenceWhenExpired()
    const sentMs = clock.monotonicMs()
    // A number of its own for each try: repeating one that had arrived would prove nothing to the observers.
    this.#beat += 1
    this.#noteSent(sentMs)
    const told = report()
    const answer = await ledger.beat(this.#session, this.#beat, this.#news.of(told))
    if (answer === 'ok') {
      this.#news.acknowledged(told)
      this.#acknowledge(sentMs)
      return
    }
    if (answer === 'evicted') {
      this.#leaveForGood()
      return
    }
    log.warn('this peer was declared dead by another one; it ends what it runs and starts a new session', {
      session: this.#session,
    })
    this.#fence('buried')
    // Gives up what the ledger keeps of the old one for this process: its lock.
    await ledger.closeSession(this.#session)
    await this.#openInTurn()
  }

  #noteSent(sentMs: number): void {
    this.#sent.set(this.#beat, sentMs)
    const [oldest] = this.#sent.keys()
    if (this.#sent.size > MAX_BEATS_REMEMBERED && oldest !== undefined) this.#sent.delete(oldest)
  }

  #leaveForGood(): void {
    this.#evicted = true
    this.#parts.log.error('this peer was evicted: it ends what it runs and leaves', { session: this.#session })
    this.#fence('buried')
    this.#parts.onEvicted()
  }

  /** The lease counts from the sending of the beat; a timer of its own fences even while a beat hangs. */
  #acknowledge(sentMs: number): void {
    this.#ackedMs = sentMs
    this.#fenced = false
    this.#armFence()
  }

  #armFence(): void {
    this.#fenceTimer?.cancel()
    this.#fenceTimer = this.#parts.clock.timer(Math.max(0, this.#fenceInMs()) + 1, () => this.#fenceWhenExpired())
  }

  #fenceInMs(): number {
    const { clock, timing } = this.#parts
    return this.#ackedMs + timing.selfFenceMs - clock.monotonicMs()
  }

  #fenceWhenExpired(): void {
    const { timing, log } = this.#parts
    if (this.#fenced || !this.#hasExpired()) return
    log.error('no beat was acknowledged for too long: this peer ends what it runs, since others may take it over', {
      selfFenceMs: timing.selfFenceMs,
    })
    this.#fence('expired')
  }

  #hasExpired(): boolean {
    const { clock, timing } = this.#parts
    return this.#rules.isExpired(clock.monotonicMs() - this.#ackedMs, timing)
  }

  #fence(reason: 'buried' | 'expired'): void {
    this.#fenced = true
    this.#parts.onFence(reason)
  }
}
