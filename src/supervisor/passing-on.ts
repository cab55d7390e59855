/** Claims for others: who of them could have something when a task ends here, and telling those who got it. */
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import { MAX_PASSED_ON } from '../lease/decide-passing.ts'
import type { Ledger, PassedTask, PassOn } from '../ledger/ledger.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Hint } from '../../protocols/hints.ts'
import { makeClaimId } from '../../protocols/ids.ts'
import { hasNeeds } from '../workflow/needs.ts'
import type { Capacity } from './capacity.ts'
import { makeEarlyWord } from './early-word.ts'
import type { LoadBoard } from './load-board.ts'
import type { Timing } from './timing.ts'

export interface PassingOnParts {
  traits: Pick<Ledger['traits'], 'passesOn'>
  mesh: Pick<Mesh, 'connected' | 'tell'>
  clock: Pick<Clock, 'monotonicMs'>
  random: Random
  timing: Pick<Timing, 'beatMs' | 'quietFactor'>
  board: LoadBoard
  capacity: Capacity
  /** Of this peer. */
  queues: readonly string[]
  session: () => string
  /** It began to leave, perhaps while a completion was under way. */
  isDraining: () => boolean
}

/** Without a sign of life for so many beats, a peer may be frozen: what is claimed for it would wait with it. */
const SILENT_BEATS = 2

export class PassingOn {
  readonly #parts: PassingOnParts
  #mayReceive = false

  constructor(parts: PassingOnParts) {
    this.#parts = parts
  }

  /** What the completion of a task may claim for others; undefined where all serve the same queues. */
  offer(): PassOn | undefined {
    const { traits, mesh, clock, random, timing, board, queues, session } = this.#parts
    if (!traits.passesOn) return undefined
    const sinceMs = clock.monotonicMs() - SILENT_BEATS * timing.quietFactor * timing.beatMs
    const able = board
      .receivers(session(), sinceMs)
      .filter(receiver => receiver.queues.some(queue => !hasNeeds(queue) && !queues.includes(queue)))
    if (able.length === 0) return undefined
    const connected = new Set(mesh.connected())
    const to = able.filter(({ peer }) => connected.has(peer)).map(({ session, places }) => ({ session, places }))
    const places = to.reduce((sum, { places }) => sum + places, 0)
    if (places === 0) return undefined
    return { to, claimIds: Array.from({ length: Math.min(places, MAX_PASSED_ON) }, () => makeClaimId(random)) }
  }

  /** They may miss it: then they find it at their next sweep. With it goes how busy this peer is, since it may get the next one in return. */
  tell(passed: readonly PassedTask[]): void {
    const { mesh } = this.#parts
    for (const [peer, tasks] of Map.groupBy(passed, ({ peer }) => peer)) {
      mesh.tell(peer, [...hintsOf(tasks), this.#load()])
    }
  }

  /** The same before they are known to be claimed, of those that may begin early. `placesLeft`: that are free by then. */
  tellEarly(passed: readonly PassedTask[], placesLeft: number): void {
    for (const { session, peer, early: claimed } of passed) {
      const early = claimed && makeEarlyWord(claimed)
      if (early !== undefined) this.#parts.mesh.tell(peer, [{ kind: 'passed', session, early }, this.#load(placesLeft)])
    }
  }

  #load(placesLeft = 0): Hint {
    const { capacity, isDraining } = this.#parts
    return {
      kind: 'load',
      busy: Math.max(0, capacity.taken - placesLeft),
      capacity: capacity.total,
      draining: isDraining(),
    }
  }

  /** Whether others could pass something to this peer, now or ever since it began: who did may be gone by now. */
  mayReceive(): boolean {
    const { traits, board, queues, session } = this.#parts
    if (!traits.passesOn) return false
    this.#mayReceive ||= queues.some(queue => !hasNeeds(queue) && board.isForeignTo(session(), queue))
    return this.#mayReceive
  }
}

/** Of each with a word, that it is and what; of the others together, that they are there. */
function hintsOf(tasks: readonly PassedTask[]): Hint[] {
  const described = tasks.flatMap(({ session, claim, word }): Hint[] =>
    word === undefined ? [] : [{ kind: 'passed', session, claims: [claim], word }],
  )
  const others = Map.groupBy(
    tasks.filter(({ word }) => word === undefined),
    ({ session }) => session,
  )
  const named = Array.from(others, ([session, those]): Hint => ({
    kind: 'passed',
    session,
    claims: those.map(({ claim }) => claim),
  }))
  return [...described, ...named]
}
