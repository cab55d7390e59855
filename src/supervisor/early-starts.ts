/**
 * What becomes of attempts that began early: the write that claims them is kept, or lost, or claims something else when it is repeated; or another
 * peer said that it writes it.
 */
import type { ErrorRecord } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { isSameClaim } from '../lease/fence.ts'
import type { Claim } from '../lease/records.ts'
import type { ClaimedTask, Completion, Ledger, ReadyTask } from '../ledger/ledger.ts'
import type { Attempt } from './attempt.ts'
import type { EarlyStart } from './early-start.ts'

export interface Begun {
  readonly attempt: Attempt
  /** Monotonic. */
  readonly startedMs: number
  /** Another peer claims it for this one. */
  readonly isPassed?: true
  /** It began by a word, and nothing of it was recorded: something may be claimed for this peer all the same. */
  isRefused?: true
  /** It began before its claim is known to be in the ledger. */
  readonly early?: EarlyStart
}

export interface EarlyStartsParts<Running extends Begun> {
  ledger: Pick<Ledger, 'release'>
  log: Log
  announceReady: (tasks: readonly Pick<ReadyTask, 'queue' | 'run'>[]) => void
  /** Its claim is in the ledger: others may hear of its start. */
  onKept: (running: Running) => void
}

/** What began by a word and is not in the ledger by then never will be: the write of its claim was lost. */
const MAX_WORD_AGE_MS = 5000
/** More than end here while what others told of them counts as new. */
const MAX_OVER_KEPT = 2048

const NEVER_CLAIMED: ErrorRecord = {
  code: 'LF_LEASE_LOST',
  message: 'The write that was to claim the task for this peer was lost.',
}

export class EarlyStarts<Running extends Begun> {
  readonly #parts: EarlyStartsParts<Running>
  /** Claim ids of what was passed to this peer and is over: a word about it may come late. */
  readonly #over = new Set<string>()

  constructor(parts: EarlyStartsParts<Running>) {
    this.#parts = parts
  }

  isOver(claimId: string): boolean {
    return this.#over.has(claimId)
  }

  /** The write before it is answered, and names it. False when it did not begin early. */
  keep(running: Running | undefined): boolean {
    if (running?.early?.isOpen !== true) return false
    running.early.decide(true)
    this.#parts.onKept(running)
    return true
  }

  /** What began by a word was found in the ledger, or its peer says that it is there. */
  confirm(running: Running): void {
    if (running.isPassed === true) this.keep(running)
  }

  /** This is claimed for this peer, says who did it; `running` has that claim id. */
  confirmClaim(claim: Claim, running: Running): void {
    if (isSameClaim(claim, running.attempt.claimed.claim)) this.confirm(running)
    // The first write was lost: what began by the word about it is in the way of what was claimed then.
    else running.attempt.end({ kind: 'discard', error: NEVER_CLAIMED }, 0)
  }

  /** What began of what a write was to hand on, and is not `kept`, ran for nobody: a repeated write may have claimed another task in its place. */
  drop(begun: Iterable<Running>, kept: readonly ClaimedTask[] = []): void {
    for (const { early, attempt } of begun) {
      if (early?.isOpen !== true || kept.some(({ claim }) => isSameClaim(claim, attempt.claimed.claim))) continue
      early.decide(false)
      attempt.end({ kind: 'discard', error: NEVER_CLAIMED }, 0)
    }
  }

  /** Whether there is anything to finish. Nobody hears of the end of a task before the end of what it follows from. */
  async ended(running: Running, completion: Completion | null): Promise<boolean> {
    const { early } = running
    const isKnown = early === undefined || (await this.#isKept(running, early, completion))
    if (isKnown) this.#noteOver(running)
    return isKnown
  }

  /** Its end could not be recorded: whoever has it then begins it by a claim of its own. */
  failed(running: Running): void {
    if (running.early?.isOpen !== true) this.#noteOver(running)
  }

  /** Whether it may be that the ledger does not know of its claim yet. `askedMs`: when that was asked, monotonic. */
  mayStillCome({ isPassed, startedMs }: Running, askedMs: number): boolean {
    return isPassed !== true || askedMs - startedMs < MAX_WORD_AGE_MS
  }

  async #isKept(running: Running, early: EarlyStart, completion: Completion | null): Promise<boolean> {
    if (running.isPassed === true) return this.#isPassedKept(running, early, completion)
    const isKept = await early.kept
    // Its result was refused, or it was ended, before a repeated write claimed it after all. What did not begin before has ended as any other.
    if (isKept && completion === null && early.begins) await this.#giveBack(running.attempt.claimed)
    // It was claimed, and had ended when the answer was asked for again, which names what is still held.
    if (!isKept && completion !== null) this.#parts.onKept(running)
    return isKept || completion !== null
  }

  /** What the ledger has accepted was claimed; of what it has not, and nobody else has spoken of, there is nothing to tell. */
  #isPassedKept(running: Running, early: EarlyStart, completion: Completion | null): boolean {
    if (completion !== null) this.confirm(running)
    else running.isRefused = true
    const isKnown = !early.isOpen
    if (!isKnown) early.decide(false)
    return isKnown
  }

  async #giveBack({ claim, run, task: { queue } }: ClaimedTask): Promise<void> {
    const { ledger, log, announceReady } = this.#parts
    const release = { reason: 'it was begun too early', notBefore: null, uncounted: true, begun: false }
    const isBack = await ledger.release(claim, release).catch(error => {
      log.debug('what was begun too early is given back later', { task: claim.task, error })
      return false
    })
    if (isBack) announceReady([{ run: run.id, queue }])
  }

  #noteOver({ isPassed, attempt }: Running): void {
    if (isPassed !== true) return
    this.#over.add(attempt.claimed.claim.claimId)
    const [oldest] = this.#over
    if (oldest !== undefined && this.#over.size > MAX_OVER_KEPT) this.#over.delete(oldest)
  }
}
