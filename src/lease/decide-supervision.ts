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

/** Sessions that `self` watches. */
export function watchedBy(self: string, liveSessions: readonly string[]): string[] {
  return liveSessions.filter(session => session !== self && watchersOf(session, liveSessions).includes(self))
}

/** Sessions that watch this one, best first. */
export function watchersOf(session: string, liveSessions: readonly string[]): string[] {
  const others = liveSessions.filter(other => other !== session)
  return rankMembers(session, others, WATCHERS_PER_SESSION)
}
