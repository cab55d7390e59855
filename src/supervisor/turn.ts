/** The way of an attempt that was claimed ahead to its place: it begins in one of its own, or in a worker behind another one whose place it gets. */
import type { AttemptTurn } from './attempt.ts'
import type { ClaimsAhead, WaitingClaim } from './claims-ahead.ts'

export interface TurnActions {
  /** It has its place. */
  onPlace: () => void
  /** It waited too long. */
  giveBack: () => void
}

export class Turn implements WaitingClaim, AttemptTurn {
  readonly mayLineUp: boolean
  readonly giveBack: () => void
  readonly #ahead: ClaimsAhead
  readonly #onPlace: () => void
  /** `lining`: it is being sent to a worker; `placed`: it has a place, or is over. */
  #state: 'waits' | 'lining' | 'lined' | 'placed' = 'waits'
  #takeBack: () => boolean = () => true
  #wake: () => void = () => {}

  constructor(ahead: ClaimsAhead, mayLineUp: boolean, { onPlace, giveBack }: TurnActions) {
    this.#ahead = ahead
    this.mayLineUp = mayLineUp
    this.#onPlace = onPlace
    this.giveBack = giveBack
  }

  // --- for what claims ahead ----------------------------------------------------------------------------------------------------

  begin(): void {
    this.#place()
  }

  lineUp(): void {
    this.#state = 'lining'
    this.#wake()
  }

  takeBack(): boolean {
    if (this.#state === 'placed') return false
    // Its attempt sees that it may not line up any more.
    if (this.#state === 'lining') this.#state = 'waits'
    if (this.#state === 'waits') return true
    const isBack = this.#takeBack()
    if (isBack) this.#state = 'waits'
    return isBack
  }

  // --- for the attempt ----------------------------------------------------------------------------------------------------------

  async next(): Promise<'begin' | 'line-up'> {
    while (this.#state === 'waits') await new Promise<void>(resolve => (this.#wake = resolve))
    return this.#state === 'lining' ? 'line-up' : 'begin'
  }

  get mayStillLineUp(): boolean {
    return this.#state === 'lining'
  }

  linedUp(takeBack: () => boolean): void {
    this.#state = 'lined'
    this.#takeBack = takeBack
  }

  comes(): void {
    if (this.#state === 'placed') return
    this.#ahead.began(this)
    this.#place()
  }

  cameBack(): void {
    if (this.#state === 'placed') return
    this.#state = 'waits'
    this.#ahead.cameBack(this)
  }

  /** The attempt is ended from outside. */
  forget(): void {
    this.#ahead.remove(this)
    this.#state = 'placed'
    this.#wake()
  }

  #place(): void {
    this.#state = 'placed'
    this.#onPlace()
    this.#wake()
  }
}
