/** How a peer leaves: by a drain, which lets what runs come to its end, at once, or without waiting for a ledger that is gone. */
import type { Clock } from '../core/clock.ts'
import type { ErrorRecord } from '../core/errors.ts'
import type { EventHub } from '../core/events.ts'
import type { Log } from '../core/log.ts'
import type { Announcer } from './announcer.ts'
import type { Attempts } from './attempts.ts'
import type { SupervisorEvents } from './events.ts'
import type { JoinWatch } from './join-watch.ts'
import type { LeavingPayloads } from './leaving-payloads.ts'
import type { SessionKeeper } from './session-keeper.ts'

export interface DepartureParts {
  clock: Clock
  log: Log
  events: EventHub<SupervisorEvents>
  announcer: Announcer
  joins: JoinWatch
  keeper: SessionKeeper
  attempts: Attempts
  payloads: LeavingPayloads
  /** What else works by itself. */
  turns: readonly { stop(): Promise<void> }[]
  /** Nothing is listened to any more. */
  unlisten: () => void
  /** The first session is being opened; null: nobody has begun. */
  starting: () => Promise<void> | null
  /** It is leaving: nothing new is taken. */
  onDraining: () => void
}

export const LEAVING: ErrorRecord = { code: 'LF_PEER_LEAVING', message: 'The peer is leaving the mesh.' }

/** A ledger that does not answer for this long does not keep a peer from leaving; what it held is taken over from it. */
const LEAVE_WITHIN_MS = 10_000

export class Departure {
  readonly #parts: () => DepartureParts
  /** Aborts when the peer begins to leave: no claim is waited for any more. */
  readonly #leaving = new AbortController()
  /** Aborts when the peer leaves without waiting for the ledger. */
  readonly #gaveUp = new AbortController()
  #isDraining = false
  #stopping: Promise<void> | null = null

  /** `parts`: who is there by the time at which it leaves. */
  constructor(parts: () => DepartureParts) {
    this.#parts = parts
  }

  get isDraining(): boolean {
    return this.#isDraining
  }

  get leaving(): AbortSignal {
    return this.#leaving.signal
  }

  get gaveUp(): AbortSignal {
    return this.#gaveUp.signal
  }

  /** Claims nothing new and resolves when everything that runs has ended and the session is closed. */
  async drain(): Promise<void> {
    const { events, keeper, attempts, payloads, onDraining } = this.#parts()
    this.#isDraining = true
    events.emit('draining', { attempts: attempts.size })
    keeper.beatSoon()
    onDraining()
    while (attempts.size > 0 && this.#stopping === null) await attempts.nextEnd()
    if (this.#stopping === null) {
      await payloads.handOn(this.leaving)
      if (payloads.counts.handedOn + payloads.counts.leaving > 0) await keeper.beatNow()
    }
    await this.stop()
  }

  /** Leaves at once: what runs is ended and given back. Safe to call twice and during `drain`. */
  stop(): Promise<void> {
    this.#stopping ??= this.#leave()
    return this.#stopping
  }

  /** Stops waiting for the ledger: for a peer that cannot go on. What it could not record is taken over from it. */
  abandon(): void {
    this.#leaving.abort()
    this.#gaveUp.abort()
  }

  async #leave(): Promise<void> {
    const { clock, log, announcer, joins, keeper, attempts, turns, unlisten, starting } = this.#parts()
    this.#isDraining = true
    this.#leaving.abort()
    const patience = clock.timer(LEAVE_WITHIN_MS, () => this.#gaveUp.abort())
    if (keeper.session === '') await keeper.stop()
    // Who waits for it is told; here it must only be over.
    await starting()?.catch(() => {})
    unlisten()
    await Promise.all(turns.map(turn => turn.stop()))
    // A completion under way may still hand a successor on: until none is left.
    while (attempts.size > 0) {
      attempts.endAll({ kind: 'release', error: LEAVING }, 0)
      await attempts.nextEnd()
    }
    patience.cancel()
    await joins.stop()
    try {
      await keeper.close()
    } catch (error) {
      log.warn('the session could not be closed; others will find it dead', { error })
      await keeper.stop()
    }
    announcer.members()
  }
}
