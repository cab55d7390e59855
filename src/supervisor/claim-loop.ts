/**
 * Claims ready tasks while there is free capacity. Level-triggered: a wake-up only says "look"; what is there decides. Tasks that
 * another peer should take are tried after a wait that grows with this peer's rank, unless a hint says that they are gone.
 */
import type { Clock, Timer } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Random } from '../core/random.ts'
import { type ClaimingPeer, decideClaims } from '../lease/decide-claims.ts'
import type { ClaimedTask, Ledger, ReadyTask } from '../ledger/ledger.ts'
import { makeClaimId } from '../../protocols/ids.ts'
import { RepeatedTurn } from './background.ts'
import { ClaimPace, MAX_PACE_MS } from './claim-pace.ts'
import type { Capacity } from './capacity.ts'
import type { Resources } from './resources.ts'
import { Refusals } from './refusals.ts'
import { untilFreshlyAnswered } from './until-answered.ts'
import type { Timing } from './timing.ts'

export interface ClaimLoopParts {
  ledger: Pick<Ledger, 'peekReady' | 'claim'>
  clock: Clock
  random: Random
  log: Log
  capacity: Capacity
  resources: Resources
  /** Session of this peer, and those of its queues of which it may take something now; null while it may not claim (draining, fenced). */
  self: () => { session: string; peer: string; queues: readonly string[] } | null
  others: () => ClaimingPeer[]
  /** Takes over a task that the session claimed; its place in the capacity is already taken. */
  start: (task: ClaimedTask, session: string) => void
  /** Places that were taken for claims are free again. */
  onGivenBack: () => void
  /** These claims are under way; what it returns says that they were answered. */
  awaiting: (claimIds: readonly string[]) => () => void
  /** There are tasks that wait to be claimed, by this peer or others. */
  onReady: () => void
  /** How long this peer lets others go first when a task comes due at this moment (wall clock). */
  dueDelay: (dueAt: number) => number
  rankDelayMs: number
  timing: Timing
  /** Aborts when the peer gives up. */
  signal: AbortSignal
}

export interface ClaimStatistics {
  tried: number
  won: number
}

/** Candidates read at once: enough for the free places and for those that others should take. */
const MIN_PEEK = 16
const PEEK_PER_FREE_PLACE = 4
/** With one for each free place in the mesh, each peer finds its own on the first look; beyond this it looks again. */
const MAX_PEEK_FOR_OTHERS = 128
/** Claims in one call. */
const MAX_CLAIMS_PER_CALL = 64

interface Reserved {
  task: string
  queue: string
}

export class ClaimLoop {
  readonly statistics: ClaimStatistics = { tried: 0, won: 0 }
  readonly #parts: ClaimLoopParts
  readonly #turns: RepeatedTurn
  /** Tasks that others should take, with the moment (monotonic) from which this peer tries too. */
  #deferred = new Map<string, number>()
  /** What waits was put off once more, since its timer rang late. */
  #extended = false
  /** It was told to look while it had no place. */
  #missed = false
  /** Queues of which the last look left nothing; what has come since is told of. */
  #exhausted: ReadonlySet<string> = new Set()
  readonly #refusals: Refusals
  readonly #pace: ClaimPace
  #laterTimer: Timer | null = null
  #dueTimer: Timer | null = null

  constructor(parts: ClaimLoopParts) {
    this.#parts = parts
    this.#pace = new ClaimPace(parts.rankDelayMs)
    this.#refusals = new Refusals(2 * parts.rankDelayMs, parts.timing.sweepMs)
    this.#turns = new RepeatedTurn(parts.clock, () => this.#turn(), {
      everyMs: null,
      onHealth: error => {
        if (error !== null) parts.log.warn('claiming failed; the next sweep tries again', { error })
      },
    })
  }

  wake(): void {
    if (this.#parts.capacity.free > 0) this.#turns.wake()
    else this.#missed = true
  }

  /** A place became free. `isVain`: it was asked for what waits, in vain, so that only what this peer was told of meanwhile is worth a look. */
  refill(isVain: boolean): void {
    if (this.#missed || !(isVain || this.#hasSeenAll())) this.wake()
  }

  /** What needs resources is not looked for while they are taken, so that more queues may be open now than were. */
  #hasSeenAll(): boolean {
    const me = this.#parts.self()
    return me !== null && me.queues.every(queue => this.#exhausted.has(queue))
  }

  /** A hint said that somebody else has this task. */
  forget(task: string): void {
    this.#deferred.delete(task)
  }

  async stop(): Promise<void> {
    await this.#turns.stop()
    this.#laterTimer?.cancel()
    this.#dueTimer?.cancel()
  }

  async #turn(): Promise<void> {
    const { ledger, capacity, self, clock } = this.#parts
    const before = self()
    if (before === null || capacity.free === 0) return
    this.#missed = false
    this.#exhausted = new Set()
    const limit = this.#peekLimit()
    const { tasks, nextDueAt } = await this.#timed(() => ledger.peekReady(before.queues, limit))
    this.#wakeWhenDue(nextDueAt)
    if (tasks.length > 0) this.#parts.onReady()
    // While it was reading, a joining task may have taken its place again, or the peer may have begun to leave.
    const me = self()
    const free = capacity.free
    if (me === null || me.session !== before.session || free === 0) return
    const open = this.#refusals.admit(tasks, clock.monotonicMs())
    const chosen = this.#choose(open, { ...me, freeCapacity: free }).slice(0, Math.min(free, MAX_CLAIMS_PER_CALL))
    const wanted = this.#reserve(chosen, open)
    const areMore = open.length > wanted.length || tasks.length === limit
    if (!areMore) this.#exhausted = new Set(before.queues)
    if (wanted.length > 0) await this.#claim(me.session, wanted, areMore)
    this.#armLater()
  }

  #peekLimit(): number {
    const { capacity, others } = this.#parts
    const places = others().reduce((sum, { freeCapacity }) => sum + freeCapacity, capacity.free)
    return Math.max(MIN_PEEK, capacity.free * PEEK_PER_FREE_PLACE, Math.min(places, MAX_PEEK_FOR_OTHERS))
  }

  /** What to claim now; what others should take is put off until its own moment, which later turns do not move. */
  #choose(ready: readonly ReadyTask[], self: ClaimingPeer): string[] {
    const { clock, others } = this.#parts
    const nowMs = clock.monotonicMs()
    const rankDelayMs = this.#pace.rankDelayMs(nowMs)
    const { now, later } = decideClaims({ ready, self, others: others(), rankDelayMs })
    const deferred = new Map(later.map(({ task, delayMs }) => [task, this.#deferred.get(task) ?? nowMs + delayMs]))
    const overdue = Array.from(deferred).flatMap(([task, dueMs]) => (dueMs <= nowMs ? [task] : []))
    for (const task of overdue) deferred.delete(task)
    this.#deferred = deferred
    return [...now, ...overdue]
  }

  /** Takes what each task needs, as long as it is there; the others wait until something is given back. */
  #reserve(chosen: readonly string[], ready: readonly ReadyTask[]): Reserved[] {
    const { resources } = this.#parts
    const queues = new Map(ready.map(({ id, queue }) => [id, queue]))
    return chosen.flatMap(task => {
      const queue = queues.get(task) ?? ''
      if (!resources.fits(queue)) return []
      resources.take(queue)
      return [{ task, queue }]
    })
  }

  /** `areMore`: there are others, for places that are left and which a refusal must not hold up. */
  async #claim(session: string, reserved: readonly Reserved[], areMore: boolean): Promise<void> {
    const tasks = reserved.map(({ task }) => task)
    const { ledger, random, capacity, start, awaiting } = this.#parts
    capacity.take(tasks.length)
    let won: ClaimedTask[] = []
    const requests = tasks.map(task => ({ task, claimId: makeClaimId(random) }))
    const answered = awaiting(requests.map(({ claimId }) => claimId))
    try {
      this.statistics.tried += tasks.length
      won = await this.#timed(() => untilFreshlyAnswered(() => ledger.claim(session, requests), this.#parts))
    } catch (error) {
      answered()
      throw error
    } finally {
      capacity.give(tasks.length - won.length)
      if (won.length < tasks.length) this.#parts.onGivenBack()
      const held = new Set(won.map(({ claim }) => claim.task))
      for (const { task, queue } of reserved) if (!held.has(task)) this.#parts.resources.give(queue)
    }
    this.statistics.won += won.length
    for (const task of won) start(task, session)
    answered()
    this.#noteRefusals(tasks, won)
    // What came meanwhile was told of. Having lost everything, it does not look again at once.
    if (!areMore) return
    if (won.length > 0) this.wake()
    else this.#turns.wakeAfter(this.#parts.rankDelayMs * (1 + random.float()))
  }

  async #timed<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    const { clock } = this.#parts
    const fromMs = clock.monotonicMs()
    const answer = await ask()
    const nowMs = clock.monotonicMs()
    this.#pace.note(nowMs - fromMs, nowMs)
    return answer
  }

  #noteRefusals(tasks: readonly string[], won: readonly ClaimedTask[]): void {
    const { clock, random } = this.#parts
    const held = new Set(won.map(({ claim }) => claim.task))
    const nowMs = clock.monotonicMs()
    for (const task of tasks) if (!held.has(task)) this.#refusals.note(task, nowMs, random.float())
  }

  /** Looks again when the first of what waits may be tried. */
  #armLater(): void {
    const { clock } = this.#parts
    this.#laterTimer?.cancel()
    this.#laterTimer = null
    const nowMs = clock.monotonicMs()
    // What came due while the ledger was asked is no timer that rang late.
    const firstMs = Math.max(nowMs, Math.min(...this.#deferred.values(), this.#refusals.nextMs))
    if (!Number.isFinite(firstMs)) return
    this.#laterTimer = clock.timer(firstMs - nowMs, () => this.#ring(firstMs))
  }

  /** A timer that rings late tells that the machine is busy: those who go first get as much more time, once. */
  #ring(dueMs: number): void {
    const { clock, rankDelayMs } = this.#parts
    const nowMs = clock.monotonicMs()
    const lateMs = nowMs - dueMs
    this.#extended = !this.#extended && lateMs >= rankDelayMs
    if (!this.#extended) return this.wake()
    this.#pace.note(lateMs, nowMs)
    const moreMs = Math.min(lateMs, MAX_PACE_MS)
    for (const [task, taskDueMs] of this.#deferred) this.#deferred.set(task, taskDueMs + moreMs)
    this.#laterTimer = clock.timer(moreMs, () => this.#ring(nowMs + moreMs))
  }

  #wakeWhenDue(nextDueAt: number | null): void {
    this.#dueTimer?.cancel()
    this.#dueTimer = null
    if (nextDueAt === null) return
    const { clock, dueDelay } = this.#parts
    const delayMs = Math.max(0, nextDueAt - clock.wallMs()) + dueDelay(nextDueAt) + 1
    this.#dueTimer = clock.timer(Math.min(delayMs, MAX_DUE_TIMER_MS), () => this.wake())
  }
}

/** Node's timers take no more; a later due time is looked at again then. */
const MAX_DUE_TIMER_MS = 2 ** 31 - 1
