/**
 * What begins in the place of an attempt whose body has ended. Its completion asks for that in the same write; what the ledger's thread foretells of
 * it may begin before that is on the disk, the rest begins when it is answered.
 */
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { ClaimedTask, Completion, Foreseen, HandOn, Ledger, PassedTask, PassOn } from '../ledger/ledger.ts'
import { makeClaimId } from '../../protocols/ids.ts'
import type { Capacity } from './capacity.ts'
import type { Claimant } from './claimant.ts'
import type { ClaimsAhead } from './claims-ahead.ts'
import { EarlyStart } from './early-start.ts'
import type { EarlyStarts } from './early-starts.ts'
import type { Rules } from './rules.ts'
import { isAtHand, type Running, type Start, takenMs } from './running.ts'

export interface HandingOnParts {
  ledger: Pick<Ledger, 'traits'>
  capacity: Capacity
  clock: Pick<Clock, 'monotonicMs'>
  random: Random
  rules: Pick<Rules, 'mayBeginEarly'>
  ahead: ClaimsAhead
  early: EarlyStarts<Running>
  /** Null while nothing may be claimed. */
  claimant: () => Claimant | null
  /** Some of the queues of this peer are for tasks that need resources. */
  servesNeeds: boolean
  /** What may be claimed for others; undefined when nobody could have it. */
  passOn: () => PassOn | undefined
  /** These are being claimed for others and may begin early. `placesLeft`: places of this peer that will be free by then. */
  onForeseen: (passed: readonly PassedTask[], placesLeft: number) => void
  /** These claims are under way. What it returns says that they were answered. */
  awaiting: (claimIds: readonly string[]) => () => void
  isRunning: (claimId: string) => boolean
  start: (claimed: ClaimedTask, start: Start) => Running
}

/** Hand-ons in a row that favour the successors of what the peer ran before; the next one favours nothing (H12). */
const MAX_CHAIN = 8

/**
 * On one host nobody is nearer to the data than this peer, so the place of an ending attempt may go to any task, which saves two calls of the
 * ledger; where hosts differ, who takes what waits is found out by rank. After a long chain nothing is favoured any more.
 */
function chooseHandOn(chain: number, { oneHost, handsOnWaiting }: Ledger['traits']): HandOn['choice'] | null {
  const mayTakeWaiting = oneHost && handsOnWaiting
  if (chain >= MAX_CHAIN) return mayTakeWaiting ? 'in-turn' : null
  return mayTakeWaiting ? 'successors-first' : 'successors'
}

function nextInChain(chain: number): number {
  return chain >= MAX_CHAIN ? 0 : chain + 1
}

/** It was claimed ahead of a place. */
function isAhead({ claim }: ClaimedTask, hand: HandOn | null): boolean {
  return hand !== null && !hand.claimIds.includes(claim.claimId)
}

export class HandingOn {
  readonly #parts: HandingOnParts

  constructor(parts: HandingOnParts) {
    this.#parts = parts
  }

  /**
   * The body has ended. Its place goes at once to a task that waits for one, else, with the completion, to a successor or to what waits in the
   * ledger. One that ends in a join has none to give.
   */
  ask(running: Running): HandOn | null {
    const { ledger, claimant, clock, random, capacity, ahead, awaiting } = this.#parts
    const { attempt, host, session, chain, startedMs } = running
    ahead.note(attempt.claimed, takenMs(attempt, clock.monotonicMs() - startedMs))
    const me = claimant()
    if (me === null || me.session !== session || running.parked) return null
    const { handsOnWaiting } = ledger.traits
    const ids = (count: number): string[] => Array.from({ length: count }, () => makeClaimId(random))
    // Also where hosts differ: what takes so little time is near to everybody.
    const aheadIds = ids(handsOnWaiting && !capacity.isAwaited ? ahead.wanted(attempt.claimed) : 0)
    const passOn = this.#parts.passOn()
    const choice = chooseHandOn(chain, ledger.traits)
    // Who goes on after a join comes before anything new.
    const isPlaceGiven = ahead.size > 0 || capacity.isAwaited || capacity.isOver
    const claimIds = ids(isPlaceGiven || choice === null ? 0 : 1)
    if (ahead.size > 0 || capacity.isOver) {
      host.leavePlace()
      ahead.fill()
    }
    if (claimIds.length + aheadIds.length === 0 && passOn === undefined) return null
    running.answered.push(awaiting([...claimIds, ...aheadIds]), ahead.ask(aheadIds.length))
    running.asksForTiny = ahead.isAsking
    running.hand = { session, queues: me.queues, claimIds, choice: choice ?? 'successors', aheadIds }
    if (passOn !== undefined) running.hand.passOn = passOn
    return running.hand
  }

  foresee(running: Running, { handedOn, passedOn, handsOn }: Foreseen): void {
    this.#beginEarly(running, handedOn)
    // Somebody may have something for this place in return; it is left when the write is answered, which may claim something else for it.
    if (passedOn.length > 0) this.#parts.onForeseen(passedOn, handsOn ? 0 : 1)
  }

  /** The place of what has ended goes on with what follows from it, while that is being written. */
  #beginEarly(running: Running, handedOn: readonly ClaimedTask[]): void {
    const { capacity, claimant, rules, isRunning, start } = this.#parts
    const { host, hand, begun, session, chain } = running
    // Who leaves meanwhile deals with it when it is answered.
    if (claimant()?.session !== session) return
    for (const claimed of handedOn) {
      const { claimId } = claimed.claim
      const isForPlace = hand?.claimIds.includes(claimId) === true
      if (!isForPlace || begun.has(claimId) || isRunning(claimId) || !isAtHand(claimed)) continue
      capacity.take(1)
      host.leavePlace()
      const early = new EarlyStart(rules.mayBeginEarly(claimed.task))
      begun.set(claimId, start(claimed, { session, chain: nextInChain(chain), waits: false, early }))
    }
  }

  /** It is recorded, with all that was claimed. Whether there is nothing to look for: what was handed on took its place, or nothing waited. */
  begin(running: Running, { handedOn, ready }: Completion): boolean {
    const { ahead, early } = this.#parts
    const { hand } = running
    const found = handedOn.filter(claimed => isAhead(claimed, hand))
    ahead.found(found.length, hand?.aheadIds?.length ?? 0, ready.length)
    early.drop(running.begun.values(), handedOn)
    const taken = handedOn.filter(claimed => this.#begin(claimed, running))
    return taken.length > 0 || this.#sawNothing(hand)
  }

  /** Whether it begins at once, or has begun. */
  #begin(claimed: ClaimedTask, { session, chain, begun, hand, asksForTiny }: Running): boolean {
    const { capacity, early, start } = this.#parts
    if (early.keep(begun.get(claimed.claim.claimId))) return true
    const waits = isAhead(claimed, hand)
    if (!waits) capacity.take(1)
    // What was at the front of the line was favoured by nobody.
    start(claimed, { session, chain: waits ? 0 : nextInChain(chain), waits, isTiny: asksForTiny })
    return !waits
  }

  /** Whether nothing was waiting, when this was asked for in vain: what has come since is told of. What needs resources was not asked for. */
  #sawNothing(hand: HandOn | null): boolean {
    const { ledger, servesNeeds } = this.#parts
    const isAsked = hand !== null && hand.choice !== 'successors' && hand.claimIds.length > 0
    return isAsked && ledger.traits.handsOnWaiting && !servesNeeds
  }
}
