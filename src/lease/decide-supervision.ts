/**
 * Who supervises what. Nobody is appointed: every duty is an idempotent act that any peer may do, and it falls to whichever live
 * peer ranks first for the DAG copy (or watches the session). When peers come and go the rank moves, and the duty with it.
 */
import { rankMembers } from './rank.ts'

/** How many peers watch each session's beat and lock; everybody else relies on them and on its own slow sweep. */
export const WATCHERS_PER_SESSION = 3

/** The peer session that supervises this DAG copy; undefined when no peer is alive. */
export function supervisorOf(run: string, dag: string, liveSessions: readonly string[]): string | undefined {
  return rankMembers(`${run}/${dag}`, liveSessions, 1)[0]
}

/**
 * Place of `self` among the live sessions for a duty that any of them may do: the first does it at once, the others a little later and
 * only when it is still undone. A session that is not on the list comes last.
 */
export function dutyRank(duty: string, self: string, liveSessions: readonly string[]): number {
  const rank = rankMembers(duty, liveSessions, liveSessions.length).indexOf(self)
  return rank === -1 ? liveSessions.length : rank
}

/**
 * Sessions that `self` watches: those before it in the ring. All live sessions stand in one, in an order that is the same for everybody, and each
 * is watched by those that follow it. Who watches whom is read off at once: every peer asks at every look, and ranking all for each of all made
 * that grow with the square of the mesh (8 ms for 100 peers).
 */
export function watchedBy(self: string, liveSessions: readonly string[]): string[] {
  const ring = ringOf(liveSessions)
  return neighboursOf(ring.indexOf(self), ring, -1)
}

/** Sessions that watch this one, the next in the ring first. */
export function watchersOf(session: string, liveSessions: readonly string[]): string[] {
  const ring = ringOf(liveSessions)
  return neighboursOf(ring.indexOf(session), ring, 1)
}

/** Nobody, for one that is not in the ring. */
function neighboursOf(place: number, ring: readonly string[], direction: 1 | -1): string[] {
  if (place === -1) return []
  const count = Math.min(WATCHERS_PER_SESSION, ring.length - 1)
  return Array.from({ length: count }, (_, index) => {
    const at = (place + direction * (index + 1) + 2 * ring.length) % ring.length
    return ring[at] ?? ''
  })
}

function ringOf(sessions: readonly string[]): string[] {
  return rankMembers('watch', sessions, sessions.length)
}
