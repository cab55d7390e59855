/** Who belongs to the mesh, as of the last look at the sessions: told to the mesh, to who ranks peers, and to who watches for deaths. */
import type { EventHub } from '../core/events.ts'
import { MAX_RANK_DELAY_MS } from '../lease/decide-claims.ts'
import { dutyRank } from '../lease/decide-supervision.ts'
import type { SessionHead } from '../lease/records.ts'
import type { Clock } from '../core/clock.ts'
import type { Member, Mesh } from '../mesh/mesh.ts'
import type { Announcer } from './announcer.ts'
import type { SupervisorEvents } from './events.ts'
import type { LoadBoard } from './load-board.ts'
import type { RefusalWatch } from './refusal-watch.ts'
import type { SessionKeeper } from './session-keeper.ts'
import type { Sweep } from './sweep.ts'
import type { Timing } from './timing.ts'

export interface MembersParts {
  mesh: Pick<Mesh, 'setMembers'>
  clock: Pick<Clock, 'monotonicMs'>
  timing: Pick<Timing, 'rankDelayMs'>
  events: EventHub<SupervisorEvents>
  board: LoadBoard
  announcer: Announcer
  keeper: SessionKeeper
  refusals: () => RefusalWatch
  sweep: () => Sweep
  isDraining: () => boolean
}

export class Members {
  /** Live sessions. */
  live: string[] = []
  readonly #parts: MembersParts

  constructor(parts: MembersParts) {
    this.#parts = parts
  }

  update(sessions: readonly SessionHead[]): void {
    const { mesh, clock, events, board, keeper, refusals, isDraining } = this.#parts
    board.update(sessions, clock.monotonicMs())
    refusals().update(sessions)
    this.live = sessions.map(({ id }) => id)
    const asked = sessions.find(({ id }) => id === keeper.session)?.drainAsked
    if (asked !== undefined && !isDraining()) events.emit('drain-asked', { by: asked.by })
    const members = sessions.map(({ id, peer, startedAt, addrs }): Member => ({
      peer,
      session: id,
      since: startedAt,
      addrs,
    }))
    mesh.setMembers(members)
  }

  buried(session: SessionHead, proof: SupervisorEvents['session:buried']['proof']): void {
    const { events, board, announcer } = this.#parts
    board.remove(session.id)
    events.emit('session:buried', { session: session.id, peer: session.name, proof })
    announcer.burial(session.id)
  }

  lostConnection(peer: string): void {
    const { board, keeper, refusals, sweep } = this.#parts
    // Who misses the connection hears by these beats that this peer lives.
    keeper.showLife()
    refusals().lost(peer)
    const session = board.sessionOf(peer)
    if (session !== undefined) sweep().suspect(session)
  }

  /** Retries that come due are looked for by one peer first, not by all at once. */
  dueDelay(dueAt: number): number {
    const { board, keeper, timing } = this.#parts
    const { session } = keeper
    const sessions = [session, ...board.others(session).map(other => other.session)]
    return Math.min(dutyRank(`due ${dueAt}`, session, sessions) * timing.rankDelayMs, MAX_RANK_DELAY_MS)
  }
}
