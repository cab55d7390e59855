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

/** Sessions that `self` watches. */
export function watchedBy(self: string, liveSessions: readonly string[]): string[] {
  return liveSessions.filter(
    session =>
      session !== self &&
      rankMembers(
        session,
        liveSessions.filter(other => other !== session),
        WATCHERS_PER_SESSION,
      ).includes(self),
  )
}
