/**
 * Tasks that this peer has claimed ahead of its places, for as long as tasks of their kind are over in no time (see `decide-ahead.ts`). One
 * that does not get a place within a moment is given back: what is before it takes longer than such tasks do.
 */
import type { Clock, Timer } from '../core/clock.ts'
import { TransientMap, TransientSet } from '../core/transient.ts'
import { claimsAhead, MAX_CLAIMS_AHEAD } from '../lease/decide-ahead.ts'
import type { ClaimedTask } from '../ledger/ledger.ts'
import type { Capacity } from './capacity.ts'
import { UsualDurations } from './usual-durations.ts'

export interface WaitingClaim {
  /** Its place is taken: it may begin. */
  begin(): void
  /** It waited too long. */
  giveBack(): void
  /** It may go to a worker in which another runs, to begin there when that one has ended. */
  readonly mayLineUp: boolean
  lineUp(): void
  /** It is to begin elsewhere: false when it has begun, which was told before. */
  takeBack(): boolean
}

/**
 * Those that are with the workers already, for each place: a worker goes on by itself, without being woken for each, and is sent the next ones
 * together. What is only with this peer can still go to whichever worker is free first.
 */
const MAX_LINED_UP_PER_PLACE = 8

/** Much longer than what may be claimed ahead should take. */
const GIVE_BACK_AFTER_MS = 250
/**
 * When something waited too long, half as much is claimed ahead, and so again each time, down to this: how long bodies take does not tell how
 * soon the peer gets to them while its machine is busy. To give back costs two writes and the time of whoever had a place.
 */
const LEAST_SHARE = 1 / 32
/** What each task that ends adds to it. */
const REGAINED_SHARE = 1 / 256
/**
 * Asked for by a completion where the one before it found less than it had asked for, and many times as much by each that finds all: to name
 * hundreds of claims took a tenth of each step of a chain, in which nothing ever waits.
 */
const FEWEST_ASKED = 4
const MORE_EACH_TIME = 4
/** A timer that was set for that moment rings at it, give or take what sums and differences of times lose: it must find something to do. */
const ROUNDING_MS = 1

export class ClaimsAhead {
  readonly #clock: Clock
  readonly #capacity: Capacity
  readonly #usual = new UsualDurations()
  /** In the order of their claims, with the moment (monotonic) of it. */
  readonly #waiting = new TransientMap<WaitingClaim, number>()
  /** Of those that wait: they are with the workers. */
  readonly #linedUp = new TransientSet<WaitingClaim>()
  /** Claims that the ledger was asked for and has not answered about. */
  #asked = 0
  #timer: Timer | null = null
  /** Of what the durations alone would allow. */
  #share = 1
  /** At once, by what was found of late. */
  #mostAsked = MAX_CLAIMS_AHEAD

  constructor(clock: Clock, capacity: Capacity) {
    this.#clock = clock
    this.#capacity = capacity
    // Who goes on after a join comes before anything new.
    capacity.onAwaited = () => this.#takeBackAll()
  }

  get size(): number {
    return this.#waiting.size
  }

  /** Claims are under way: there are too many tasks that are over in no time to tell of each. */
  get isAsking(): boolean {
    return this.#asked > 0
  }

  note(task: ClaimedTask, durationMs: number): void {
    this.#usual.note(kindOf(task), durationMs)
    this.#share = Math.min(1, this.#share + REGAINED_SHARE)
  }

  /** How many more to claim with the completion of this task. Many at a time or none, which costs the ledger less than one each time. */
  wanted(task: ClaimedTask): number {
    const there = this.#waiting.size + this.#asked
    // However short the tasks are: durations need not be looked at.
    if (there * 2 > MAX_CLAIMS_AHEAD) return 0
    const most = Math.floor(claimsAhead(this.#usual.of(kindOf(task)), this.#capacity.total) * this.#share)
    const missing = most - there
    return missing * 2 >= most ? Math.min(Math.max(0, missing), this.#mostAsked) : 0
  }

  /** A completion asked for so many, and found so many; so many more that it made ready were left. */
  found(count: number, asked: number, left = 0): void {
    if (asked === 0 && left === 0) return
    // Few that were all found say nothing against many.
    const next = count < asked ? count : Math.max(this.#mostAsked, asked * MORE_EACH_TIME, left)
    this.#mostAsked = Math.min(MAX_CLAIMS_AHEAD, Math.max(FEWEST_ASKED, next))
  }

  /** So many claims are under way. The function that it returns says that they were answered. */
  ask(count: number): () => void {
    this.#asked += count
    return () => {
      this.#asked -= count
    }
  }

  add(claim: WaitingClaim): void {
    this.#waiting.set(claim, this.#clock.monotonicMs())
    this.#arm()
  }

  remove(claim: WaitingClaim): void {
    this.#forget(claim)
    this.#arm()
  }

  /** Begins what waits, the first first, while there are free places; some of the others line up behind what runs. */
  fill(): void {
    for (const claim of this.#waiting.keys()) {
      if (this.#capacity.free === 0) break
      if (!claim.takeBack()) continue
      this.#forget(claim)
      this.#capacity.take(1)
      claim.begin()
    }
    this.#lineUp()
    this.#arm()
  }

  /** It was lined up, and begins: the place of the one before it is its own now. */
  began(claim: WaitingClaim): void {
    this.#forget(claim)
    this.#capacity.take(1)
    this.#arm()
  }

  /** It is not with a worker any more, or there was no room for it. */
  cameBack(claim: WaitingClaim): void {
    this.#linedUp.delete(claim)
  }

  #forget(claim: WaitingClaim): void {
    this.#waiting.delete(claim)
    this.#linedUp.delete(claim)
  }

  /** Many at a time or none, so that they travel together. */
  #lineUp(): void {
    const most = MAX_LINED_UP_PER_PLACE * this.#capacity.total
    if (this.#linedUp.size * 2 > most || this.#capacity.isAwaited) return
    for (const claim of this.#waiting.keys()) {
      if (this.#linedUp.size >= most) break
      if (this.#linedUp.has(claim) || !claim.mayLineUp) continue
      this.#linedUp.add(claim)
      claim.lineUp()
    }
  }

  #takeBackAll(): void {
    for (const claim of Array.from(this.#linedUp).toReversed()) claim.takeBack()
  }

  /** There is a timer while something waits. */
  #arm(): void {
    const [firstMs] = this.#waiting.values()
    if (firstMs === undefined) {
      this.#timer?.cancel()
      this.#timer = null
    } else if (this.#timer === null) {
      const delayMs = firstMs + GIVE_BACK_AFTER_MS - this.#clock.monotonicMs()
      this.#timer = this.#clock.timer(delayMs, () => this.#giveBackOld())
    }
  }

  #giveBackOld(): void {
    this.#timer = null
    if (this.#capacity.free > 0) this.fill()
    const nowMs = this.#clock.monotonicMs()
    const before = this.#waiting.size
    for (const [claim, sinceMs] of this.#waiting) {
      if (nowMs - sinceMs < GIVE_BACK_AFTER_MS - ROUNDING_MS) break
      if (!claim.takeBack()) continue
      this.#forget(claim)
      claim.giveBack()
    }
    if (this.#waiting.size < before) this.#share = Math.max(LEAST_SHARE, this.#share / 2)
    this.#arm()
  }
}

function kindOf({ run, blueprint }: ClaimedTask): string {
  return `${run.bundle}/${blueprint}`
}
