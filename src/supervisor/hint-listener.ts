/** What a supervisor does when it hears a hint: it looks, sooner than it would have. */
import type { Clock } from '../core/clock.ts'
import type { ClaimedTask, Ledger } from '../ledger/ledger.ts'
import type { ReceivedHint } from '../mesh/mesh.ts'
import { ANY_QUEUE, type Hint, type HintedWord } from '../../protocols/hints.ts'
import type { Attempts } from './attempts.ts'
import type { ClaimLoop } from './claim-loop.ts'
import { readEarlyWord } from './early-word.ts'
import type { JoinWatch } from './join-watch.ts'
import type { LoadBoard } from './load-board.ts'
import type { PassedClaims } from './passed-claims.ts'
import type { Rules } from './rules.ts'
import type { SessionKeeper } from './session-keeper.ts'
import type { Sweep } from './sweep.ts'

export interface HintListenerParts {
  ledger: Pick<Ledger, 'readPassed'>
  rules: Pick<Rules, 'isYoung'>
  clock: Pick<Clock, 'monotonicMs'>
  board: LoadBoard
  claims: ClaimLoop
  attempts: Attempts
  joins: JoinWatch
  passed: PassedClaims
  sweep: Sweep
  keeper: SessionKeeper
  /** Of this peer. */
  queues: readonly string[]
  /** There may be work. */
  noteWork: () => void
}

export class HintListener {
  readonly #parts: HintListenerParts

  constructor(parts: HintListenerParts) {
    this.#parts = parts
  }

  hear({ hint, session }: ReceivedHint): void {
    const { clock, board, claims, attempts, joins, sweep, keeper, queues, noteWork } = this.#parts
    // Who comes and goes is no work.
    if (hint.kind !== 'members') noteWork()
    switch (hint.kind) {
      case 'ready':
        if (hint.queue === ANY_QUEUE || queues.includes(hint.queue)) claims.wake()
        break
      case 'claimed':
        claims.forget(hint.task)
        break
      case 'ended':
        joins.look()
        break
      case 'stopping':
        attempts.lookAtStandings()
        break
      case 'load':
        if (hint.draining) board.noteLeaving(session)
        else board.noteLoad(session, Math.max(0, hint.capacity - hint.busy), clock.monotonicMs())
        break
      case 'passed':
        if (hint.session === keeper.session) this.#hearPassed(hint)
        break
      case 'buried':
        // It may be this peer's own burial: the next beat tells.
        if (hint.session === keeper.session) keeper.beatSoon()
        sweep.soon()
        break
      case 'members':
        sweep.withinAMoment()
        break
    }
  }

  #hearPassed({ claims = [], early, word }: Extract<Hint, { kind: 'passed' }>): void {
    const { attempts, passed, keeper } = this.#parts
    const { session } = keeper
    const claimed = early && readEarlyWord(early, session)
    if (claimed !== undefined) attempts.takeEarly(claimed, session)
    if (early !== undefined || attempts.confirmPassed(claims)) return
    const told = word && this.#readWord(word)
    if (told !== undefined) attempts.takePassed(told, session)
    else if (claims.length === 0) passed.look()
    else passed.lookFor(claims.map(({ claimId }) => claimId))
  }

  /** What was claimed for this peer, unless the word about it may be so old that the claim was lost since. */
  #readWord({ beat, row }: HintedWord): ClaimedTask | undefined {
    const { ledger, rules, keeper } = this.#parts
    return rules.isYoung(keeper.ageSince(beat)) ? ledger.readPassed(keeper.session, row) : undefined
  }
}
