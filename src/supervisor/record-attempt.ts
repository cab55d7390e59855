/** What is written to the ledger when an attempt is over: its outcome, the loss of its inputs, or that its task is given back. */
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Random } from '../core/random.ts'
import type { AttemptResult, ClaimedTask, Completion, HandOn, Ledger, OnForeseen } from '../ledger/ledger.ts'
import type { PayloadRef } from '../lease/records.ts'
import type { PayloadStore } from '../payload/payload-store.ts'
import { type Ending, SOURCES_CHANGED } from './attempt-ending.ts'
import type { Timing } from './timing.ts'
import { type RetryParts, untilAnswered, untilFreshlyAnswered } from './until-answered.ts'

export interface RecordParts {
  ledger: Pick<Ledger, 'complete' | 'loseInputs' | 'release'>
  payloads: PayloadStore
  clock: Clock
  random: Random
  log: Log
  timing: Timing
  /** Where copies of a payload may be kept: peers (ids), the best first. */
  copyPlaces: (hash: string) => string[]
  /** Aborts when the peer leaves for good: the ledger is not waited for any more. */
  signal: AbortSignal
}

/** What goes with an outcome. */
export interface Following {
  /** What the attempt may claim when it completes; null = nothing. */
  handOn: () => HandOn | null
  /** What is being handed on or passed on and may begin early. */
  onForeseen: OnForeseen
}

/** Null when it came too late. `hurry` aborts when what there is is to be recorded now. */
export async function recordOutcome(
  claimed: ClaimedTask,
  result: AttemptResult,
  parts: RecordParts,
  { handOn, onForeseen, hurry, held }: Following & { hurry: AbortController; held: RetryParts },
): Promise<Completion | null> {
  const { ledger, log } = parts
  const { claim } = claimed
  const out = result.out === null ? null : await spreadOutput(claimed, result.out, parts, hurry)
  // Once, so that a repeated call names the same claims.
  const hand = handOn() ?? undefined
  const completion = await untilFreshlyAnswered(
    () => ledger.complete(claim, { ...result, out }, hand, onForeseen),
    held,
  )
  if (completion.accepted) return completion
  log.warn('the result of a task came too late and was discarded: another peer has the task', { task: claim.task })
  return null
}

/** As many copies as the task wants, or as there are peers for: the work is done, and whoever looks at the run sees how many there are. */
async function spreadOutput(
  { task }: ClaimedTask,
  ref: PayloadRef,
  { payloads, copyPlaces, log, signal }: RecordParts,
  hurry: AbortController,
): Promise<PayloadRef> {
  const { id, replicas: copies = 1 } = task
  if (copies <= 1 || ref.inline !== null) return ref
  const wanted = { copies, at: copyPlaces(ref.hash) }
  const spread = await payloads.spread(ref, wanted, AbortSignal.any([hurry.signal, signal]))
  const { length: held } = spread.holders
  if (held < copies) log.warn('fewer peers hold the output of a task than it wants', { task: id, copies, held })
  return spread
}

export async function recordLoss(
  { claim }: ClaimedTask,
  { inputs, error }: Extract<Ending, { kind: 'lost-inputs' }>,
  { ledger }: RecordParts,
  held: RetryParts,
): Promise<Completion | null> {
  const completion = await untilAnswered(() => ledger.loseInputs(claim, { inputs, error }), held)
  return completion.accepted ? completion : null
}

/**
 * `begun`: its body was started. `drained`: the peer is to leave, and the body knew it. Whether the ledger has it back; that another peer has it
 * may be said by a read that is old.
 */
export async function giveBack(
  { claim }: ClaimedTask,
  { kind, error }: Ending,
  { ledger, clock, timing }: RecordParts,
  { begun, drained, held }: { begun: boolean; drained: boolean; held: RetryParts },
): Promise<boolean> {
  const isFault = kind === 'fault'
  // That another peer has to begin it is no attempt.
  const isOutdated = error.code === SOURCES_CHANGED
  // One that is given back for no reason of the mesh comes round here again: not at once, unless this peer leaves.
  const rests = (isFault && !isOutdated) || ((isOutdated || kind === 'hand-over') && !drained)
  const request = {
    reason: error.message,
    notBefore: rests ? clock.wallMs() + timing.faultDelayMs : null,
    uncounted: !isFault || isOutdated,
    begun: begun && kind !== 'hand-over',
  }
  return untilAnswered(() => ledger.release(claim, request), held)
}

/**
 * For as long as the claim may be ours (`lost` aborts) and the peer is there. Most operations are answered at once: joining signals costs more than
 * the rest, so that is done when one is not.
 */
export class WhileHeld implements RetryParts {
  readonly clock: Clock
  readonly random: Random
  readonly timing: Timing
  readonly #lost: AbortController
  readonly #left: AbortSignal

  constructor({ clock, random, timing, signal }: RecordParts, lost: AbortController) {
    this.clock = clock
    this.random = random
    this.timing = timing
    this.#lost = lost
    this.#left = signal
  }

  get signal(): AbortSignal {
    return AbortSignal.any([this.#lost.signal, this.#left])
  }
}
