/** An attempt that this peer holds, with all that goes with it. */
import type { ClaimedTask, HandOn } from '../ledger/ledger.ts'
import type { Attempt } from './attempt.ts'
import type { EarlyStart } from './early-start.ts'
import type { AttemptJobHost } from './job-host.ts'
import type { Turn } from './turn.ts'

export interface Start {
  session: string
  /** How many came before it by hand-on. */
  chain: number
  /** Claimed ahead of a place. */
  waits: boolean
  /** Of tasks that are over in no time there are too many to tell of each: who tries one in vain learns it as fast. */
  isTiny?: boolean
  /** Another peer claims it for this one. */
  isPassed?: true
  /** It began by a word, and nothing of it was recorded: something may be claimed for this peer all the same. */
  isRefused?: true
  /** It begins before its claim is known to be in the ledger. */
  early?: EarlyStart
}

export interface Running extends Start {
  /** Of one that was claimed ahead. */
  turn: Turn | null
  attempt: Attempt
  host: AttemptJobHost
  /** When it was claimed, or, having waited, got its place. */
  startedMs: number
  parked: boolean
  /** What its completion asks for besides. */
  hand: HandOn | null
  /** It asked while many were being claimed ahead; when it is answered, these may have been. */
  asksForTiny: boolean
  /** What began of that before it was answered. */
  begun: Map<string, Running>
  answered: (() => void)[]
  over: Promise<void>
}

/** Whether it could begin without waiting for anything: another one must not be held up by what is fetched for it. */
export function isAtHand({ inputs, start }: ClaimedTask): boolean {
  return (start === null || start.inline !== null) && inputs.every(({ payload }) => payload.inline !== null)
}

/**
 * What its place was taken for. On a busy machine most of `heldMs` is the way to a worker and back, which those that line up there do not take: by that,
 * tasks that do nothing would count as long, be claimed one by one, and each go that way. What had to be fetched for it does count.
 */
export function takenMs({ claimed, ranMs }: Attempt, heldMs: number): number {
  return ranMs !== null && isAtHand(claimed) ? ranMs : heldMs
}

/** Whether it waits for a place, and goes on waiting: a worker does not begin it any more. */
export function isWaiting({ waits, turn }: Running): boolean {
  return waits && turn?.takeBack() !== false
}

/** Whether others may have it on their list: not what became ready in the very write that claimed it. */
export function wasSeenReady({ task: { readyAt, claimedAt } }: ClaimedTask): boolean {
  return readyAt === null || readyAt !== claimedAt
}
