/** The life of a session: opened, renewed by beats, and dead once and for all. */
import type { DeathProof, SessionRecord } from './records.ts'

export type SessionOpening = Pick<
  SessionRecord,
  'id' | 'peer' | 'name' | 'host' | 'pid' | 'kind' | 'ttlMs' | 'addrs' | 'queues' | 'capacity' | 'version' | 'labels'
>

export interface SessionReport {
  busy: number
  connected: string[]
  addrs: string[]
  draining: boolean
  stats?: Record<string, number>
}

export function newSession(opening: SessionOpening, now: number): SessionRecord {
  const { id, peer, name, host, pid, kind, ttlMs, addrs, queues, capacity, version, labels } = opening
  const given = { id, peer, name, host, pid, kind, ttlMs, addrs, queues, capacity, version, labels }
  const fresh = { state: 'alive', beat: 0, busy: 0, connected: [], stats: {}, startedAt: now, beatAt: now } as const
  return { ...given, ...fresh, connected: [], stats: {}, deadAt: null, deathProof: null, buriedBy: null }
}

/** Undefined when there is nothing to change: the beat is not newer than the one that is known. */
export function renewSession(
  session: SessionRecord,
  beat: number,
  { busy, connected, addrs, draining, stats = {} }: SessionReport,
  now: number,
): SessionRecord | undefined {
  if (beat <= session.beat) return undefined
  return { ...session, beat, busy, connected, addrs, stats, beatAt: now, state: draining ? 'draining' : 'alive' }
}

/** Undefined when there is nothing to change: the first request stays. */
export function askToDrain(session: SessionRecord, by: string, now: number): SessionRecord | undefined {
  return session.drainAsked === undefined ? { ...session, drainAsked: { by, at: now } } : undefined
}

/** What a beat of a session that is over is told. */
export function verdictOnDead({ deathProof }: Pick<SessionRecord, 'deathProof'>): 'buried' | 'evicted' {
  return deathProof === 'evicted' ? 'evicted' : 'buried'
}

export function endSession(
  session: SessionRecord,
  { proof, by, now }: { proof: DeathProof; by: string | null; now: number },
): SessionRecord {
  return { ...session, state: 'dead', busy: 0, deadAt: now, deathProof: proof, buriedBy: by }
}
