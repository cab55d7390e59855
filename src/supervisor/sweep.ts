/**
 * The look at the ledger that needs no hint: who lives, who is dead, what the dead held, what must be stopped. Everything that
 * hints make fast, the sweep makes certain. It repeats for ever; hints and lost connections only make the next one come sooner.
 */
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Random } from '../core/random.ts'
import { dutyRank, watchedBy, WATCHERS_PER_SESSION } from '../lease/decide-supervision.ts'
import { leastTtlOf, NEW_OBSERVER, type ObserverState } from '../lease/observer.ts'
import type { DeathProof, SessionHead } from '../lease/records.ts'
import type { Ended, Ledger, ReclaimedTask } from '../ledger/ledger.ts'
import { RepeatedTurn } from './background.ts'
import type { Rules } from './rules.ts'
import { type SessionsSeen, SessionView } from './session-view.ts'
import { SWEEP_JITTER, type Timing } from './timing.ts'

export interface SweepParts {
  ledger: Ledger
  clock: Clock
  random: Random
  log: Log
  timing: Timing
  rules: Pick<Rules, 'observe'>
  /** There is no work, as far as is known. */
  isQuiet: () => boolean
  self: () => { session: string; ackedMs: number; valid: boolean }
  /** The live sessions, this one's included. */
  onSessions: (sessions: readonly SessionHead[]) => void
  onBuried: (session: SessionHead, proof: DeathProof) => void
  onReclaimed: (tasks: readonly ReclaimedTask[]) => void
  /** What others had begun was carried out: tasks may be ready by it. */
  onSettled: () => void
  /** By that a DAG has ended, of which nobody else tells. */
  onEnded: (ended: Ended) => void
  /** The rest of the turn, which asks at once what it has to ask: own claims, stops, joins, claims. */
  afterwards: () => Promise<void>
}

/** Tasks taken from the dead in one transaction; the next turn comes at once when there are more. */
const MAX_RECLAIMS_PER_TURN = 200
/** The same for what others recorded and did not live to finish. */
const MAX_SETTLED_PER_TURN = 200
/** Below the pause between two sweeps, and long enough for the hints of peers that were started or ended by one command. */
const SWEEP_WITHIN_MS = 200
/** The peers that rank first look for that at each sweep, the others at every fifth, should those fail. */
const SETTLED_BY_OTHERS_EVERY = 5
/** A process that is being torn down loses its connections first and its lock a moment later. */
const SUSPECTED_FOR_MS = 3000

export class Sweep {
  readonly #parts: SweepParts
  readonly #view: SessionView
  readonly #turns: RepeatedTurn
  /** With the moment (monotonic) until which they are looked at. */
  readonly #suspects = new Map<string, number>()
  /** Ids of the live sessions that the last look found. */
  #known: readonly string[] | null = null
  #sweeps = 0
  #burials = 0
  #observer: ObserverState = NEW_OBSERVER

  constructor(parts: SweepParts) {
    this.#parts = parts
    this.#view = new SessionView(parts)
    this.#turns = new RepeatedTurn(parts.clock, () => this.#turn(), {
      everyMs: failures =>
        pauseAfter(failures, parts.timing, parts.isQuiet()) *
        (1 - SWEEP_JITTER + 2 * SWEEP_JITTER * parts.random.float()),
      onHealth: error => {
        if (error === null) parts.log.info('the ledger answers again')
        else parts.log.warn('the ledger does not answer; nothing new is claimed until it does', { error })
      },
    })
  }

  start(): void {
    this.#turns.wake()
  }

  /** Something may be new. A ledger that does not answer is not asked more often for that (H18). */
  soon(): void {
    if (!this.#turns.failing) this.#turns.wake()
  }

  after(delayMs: number): void {
    if (!this.#turns.failing) this.#turns.wakeAfter(delayMs)
  }

  /** Something is new that has time: many peers that come or leave together are looked at once. */
  withinAMoment(): void {
    if (!this.#turns.failing) this.#turns.wakeWithin(SWEEP_WITHIN_MS)
  }

  /** The ledger answers again: what was put off is done now. */
  recovered(): void {
    if (this.#turns.failing) this.#turns.wake()
  }

  /** A connection to this session's peer was lost: look whether it is dead now rather than at the next turn. */
  suspect(session: string): void {
    this.#suspects.set(session, this.#parts.clock.monotonicMs() + SUSPECTED_FOR_MS)
    this.soon()
    // A process that is just being torn down holds its lock a moment longer than its connections.
    this.#turns.wakeAfter(50)
    this.#turns.wakeAfter(200)
  }

  stop(): Promise<void> {
    return this.#turns.stop()
  }

  /**
   * What is looked at is asked in one go: to a ledger in a thread of its own that is one message, and to wake that thread costs more than what
   * it then does. Who is there comes first where that is not known yet, and where the ledger does not answer, which is not asked more for that.
   */
  async #turn(): Promise<void> {
    const reading = this.#read()
    if (this.#known === null || this.#turns.failing) await reading
    const known = this.#known ?? []
    const burials = this.#burials
    const outcomes = await Promise.allSettled([
      reading,
      this.#buryGone(known, reading),
      this.#burySilent(reading),
      this.#reclaim(),
      this.#settle(known),
      this.#parts.afterwards(),
    ])
    if (this.#burials > burials) outcomes.push(...(await Promise.allSettled([this.#reclaim()])))
    // A step that fails does not keep the others from being taken; the first failure is told.
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  async #read(): Promise<SessionsSeen> {
    const seen = await this.#view.look()
    this.#known = seen.sessions.map(({ id }) => id)
    this.#parts.onSessions(seen.sessions)
    return seen
  }

  /** `known`: whom the last look found. Who has come since is looked at when this one has found it. */
  async #buryGone(known: readonly string[], reading: Promise<SessionsSeen>): Promise<void> {
    const { ledger, clock } = this.#parts
    if (!ledger.traits.provesDeath) return void (await reading)
    const suspects = Array.from(this.#suspects.keys())
    for (const [id, untilMs] of this.#suspects) if (clock.monotonicMs() > untilMs) this.#suspects.delete(id)
    const watched = this.#watched(known, suspects)
    await this.#buryOf(watched, reading)
    const ids = (await reading).sessions.map(({ id }) => id)
    const others = this.#watched(ids, suspects).filter(id => ids.includes(id) && !watched.includes(id))
    await this.#buryOf(others, reading)
  }

  #watched(known: readonly string[], suspects: readonly string[]): string[] {
    const me = this.#parts.self().session
    return Array.from(new Set([...watchedBy(me, known), ...suspects])).filter(id => id !== me)
  }

  async #buryOf(ids: readonly string[], reading: Promise<SessionsSeen>): Promise<void> {
    if (ids.length === 0) return
    const [verdicts, { sessions }] = await Promise.all([this.#parts.ledger.probe(ids), reading])
    const gone = new Set(verdicts.filter(({ verdict }) => verdict === 'gone').map(({ session }) => session))
    for (const session of sessions) if (gone.has(session.id)) await this.#bury(session, session.beat, 'lock')
  }

  async #burySilent(reading: Promise<SessionsSeen>): Promise<void> {
    const { sessions, atMs: nowMs } = await reading
    const { session: me, ackedMs, valid } = this.#parts.self()
    const others = sessions.filter(({ id }) => id !== me)
    const { timing, rules } = this.#parts
    const leastTtlMs = leastTtlOf(timing)
    const observation = { nowMs, sessions: others, ownBeatMs: ackedMs, leastTtlMs }
    const { state, silent } = rules.observe(this.#observer, observation)
    this.#observer = state
    if (!valid) return
    for (const { id, beat } of silent) {
      const session = others.find(other => other.id === id)
      if (session !== undefined) await this.#bury(session, beat, 'silence')
    }
  }

  async #bury(session: SessionHead, beat: number, proof: DeathProof): Promise<void> {
    const { ledger, self, onBuried } = this.#parts
    this.#suspects.delete(session.id)
    if (!(await ledger.bury(session.id, beat, proof, self().session))) return
    this.#burials += 1
    onBuried(session, proof)
  }

  async #reclaim(): Promise<void> {
    const { ledger, onReclaimed } = this.#parts
    const reclaimed = await ledger.reclaim(MAX_RECLAIMS_PER_TURN)
    if (reclaimed.length > 0) onReclaimed(reclaimed)
    if (reclaimed.length === MAX_RECLAIMS_PER_TURN) this.#turns.wake()
  }

  /** What becomes ready by it is claimed then, here and at the others' next sweeps. */
  async #settle(known: readonly string[]): Promise<void> {
    const { ledger, self, onSettled, onEnded } = this.#parts
    const isFirst = dutyRank('settle', self().session, known) < WATCHERS_PER_SESSION
    this.#sweeps += 1
    if (!isFirst && this.#sweeps % SETTLED_BY_OTHERS_EVERY !== 0) return
    const settled = await ledger.settle(MAX_SETTLED_PER_TURN, undefined, onEnded)
    if (settled > 0) onSettled()
    if (settled === MAX_SETTLED_PER_TURN) this.#turns.wake()
  }
}

/** Each failure doubles the pause: a ledger that is slow is not made slower by those who look for what is new (H18). */
function pauseAfter(failures: number, { sweepMs, sweepMaxMs, quietFactor }: Timing, isQuiet: boolean): number {
  if (failures > 0) return Math.min(sweepMs * 2 ** failures, sweepMaxMs)
  return isQuiet ? quietFactor * sweepMs : sweepMs
}
