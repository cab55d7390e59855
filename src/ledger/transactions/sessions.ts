/** Sessions: opened once, kept alive by beats, dead for good. */
import { LightflowError } from '../../core/errors.ts'
import type { DeathProof, SessionBeat, SessionHead, SessionRecord } from '../../lease/records.ts'
import {
  askToDrain,
  beatOf,
  endSession,
  headOf,
  newSession,
  renewSession,
  verdictOnDead,
} from '../../lease/session-life.ts'
import type { BeatReport, NewSession } from '../ledger.ts'
import { DEAD_SESSION_KEPT_MS } from '../ledger-limits.ts'
import type { Tables } from '../tables.ts'

/** `gone`: ids of sessions of the same peer whose process is known to be gone. */
export function openSession(tables: Tables, now: number, session: NewSession, gone: readonly string[]): SessionRecord {
  const known = tables.session(session.id)
  if (known !== undefined && known.peer === session.peer && known.state !== 'dead') return known
  if (known !== undefined) throw sessionTaken(session.id)
  for (const earlier of tables.openSessionsOfPeer(session.peer)) {
    if (!gone.includes(earlier.id)) throw alreadyRunning(earlier)
    tables.putSession(endSession(earlier, { proof: 'restart', by: session.id, now }))
  }
  tables.deleteSessionsDeadBefore(now - DEAD_SESSION_KEPT_MS)
  const opened = newSession(session, now)
  tables.putSession(opened)
  return opened
}

export function openSessionsOfPeer(tables: Tables, _now: number, peer: string): string[] {
  return tables.openSessionsOfPeer(peer).map(({ id }) => id)
}

export function beat(
  tables: Tables,
  now: number,
  id: string,
  beat: number,
  report: BeatReport,
): 'ok' | 'buried' | 'evicted' {
  const session = tables.session(id)
  if (session === undefined) return 'buried'
  if (session.state === 'dead') return verdictOnDead(session)
  const renewed = renewSession(session, beat, report, now)
  if (renewed !== undefined) tables.putSession(renewed)
  return 'ok'
}

export function requestDrain(tables: Tables, now: number, id: string, by: string): boolean {
  const session = tables.session(id)
  if (session === undefined || session.state === 'dead') return false
  const asked = askToDrain(session, by, now)
  if (asked !== undefined) tables.putSession(asked)
  return true
}

export function closeSession(tables: Tables, now: number, id: string): void {
  const session = tables.session(id)
  if (session === undefined || session.state === 'dead') return
  tables.putSession(endSession(session, { proof: 'left', by: null, now }))
}

export function bury(
  tables: Tables,
  now: number,
  id: string,
  seenBeat: number,
  proof: DeathProof,
  by: string,
): boolean {
  const session = tables.session(id)
  if (session === undefined || session.state === 'dead' || session.beat !== seenBeat) return false
  tables.putSession(endSession(session, { proof, by, now }))
  return true
}

export function sessions(tables: Tables, _now: number, deadSinceMs?: number): SessionRecord[] {
  const dead = deadSinceMs === undefined ? [] : tables.sessionsDeadAfter(deadSinceMs)
  return [...tables.openSessions(), ...dead]
}

export function sessionBeats(tables: Tables): SessionBeat[] {
  return tables.openSessions().map(beatOf)
}

export function sessionHeads(tables: Tables, now: number, ids?: readonly string[]): SessionHead[] {
  const known = ids === undefined ? tables.openSessions() : sessionsById(tables, now, ids)
  return known.filter(({ state }) => state !== 'dead').map(headOf)
}

/** Those of these sessions that the ledger knows. */
export function sessionsById(tables: Tables, _now: number, ids: readonly string[]): SessionRecord[] {
  return ids.flatMap(id => tables.session(id) ?? [])
}

export function alreadyRunning({ name, host, pid, peer }: SessionRecord): LightflowError {
  return new LightflowError('LF_PEER_ALREADY_RUNNING', `This peer is already running on ${host} (process ${pid}).`, {
    hint: 'Stop it first, or start another peer with a `--name` and a home folder (`LF_HOME`) of its own.',
    facts: { name, host, pid, peer },
  })
}

export function sessionTaken(id: string): LightflowError {
  return new LightflowError('LF_SESSION_BURIED', 'This session is over.', {
    hint: 'Register again with a new session id.',
    facts: { session: id },
  })
}
