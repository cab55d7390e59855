/** The life of a session: opened, renewed by beats, and dead once and for all. */
import type { DeathProof, SessionBeat, SessionHead, SessionRecord } from './records.ts'

export type SessionOpening = Pick<
  SessionRecord,
  'id' | 'peer' | 'name' | 'host' | 'pid' | 'kind' | 'ttlMs' | 'addrs' | 'queues' | 'capacity' | 'version' | 'labels'
>

export interface SessionReport {
  busy: number
  draining: boolean
  stats?: Record<string, number>
  /** Absent: as before. */
  connected?: string[]
  addrs?: string[]
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
  { busy, connected = session.connected, addrs, draining, stats = {} }: SessionReport,
  now: number,
): SessionRecord | undefined {
  if (beat <= session.beat) return undefined
  const state = draining ? 'draining' : 'alive'
  const renewed = { ...session, beat, busy, connected, stats, beatAt: now, state } as const
  return addrs === undefined ? renewed : { ...renewed, addrs, headRev: nextHeadRev(session) }
}

function nextHeadRev({ headRev = 0 }: SessionRecord): number {
  return headRev + 1
}

/** Undefined when there is nothing to change: the first request stays. */
export function askToDrain(session: SessionRecord, by: string, now: number): SessionRecord | undefined {
  if (session.drainAsked !== undefined) return undefined
  return { ...session, drainAsked: { by, at: now }, headRev: nextHeadRev(session) }
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

export function beatOf({ id, state, beat, busy, headRev }: SessionRecord): SessionBeat {
  return { id, state, beat, busy, ...(headRev === undefined ? {} : { headRev }) }
}

export function headOf({ connected: _connected, stats: _stats, beatAt: _beatAt, ...head }: SessionRecord): SessionHead {
  return head
}
