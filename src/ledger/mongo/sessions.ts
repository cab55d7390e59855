/** Sessions: opened once, kept alive by beats, dead for good. Each step is one conditional write to the session's document. */
import type { DeathProof, SessionRecord } from '../../lease/records.ts'
import { endSession, newSession, verdictOnDead } from '../../lease/session-life.ts'
import { DEAD_SESSION_KEPT_MS } from '../ledger-limits.ts'
import type { BeatReport, NewSession, ProbeResult } from '../ledger.ts'
import { alreadyRunning, sessionTaken } from '../transactions/sessions.ts'
import { BOUNDED, type MongoContext } from './context.ts'
import { sessionOf, type SessionDoc } from './documents.ts'
import type { HostLocks } from './host-locks.ts'

const OPEN = { $in: ['alive' as const, 'draining' as const] }

/** The lock comes first: a session that others can see can be proven alive. */
export async function openSession(
  context: MongoContext,
  locks: HostLocks,
  session: NewSession,
): Promise<SessionRecord> {
  const isNew = await locks.hold(session.id)
  try {
    const opened = await register(context, locks, session)
    const longDead = { state: 'dead' as const, deadAt: { $lt: context.now() - DEAD_SESSION_KEPT_MS } }
    await context.remove(context.collections.sessions, longDead)
    const open = new Set((await sessions(context)).map(({ id }) => id))
    locks.cleanUp(id => open.has(id), context.now())
    return opened
  } catch (error) {
    if (isNew) locks.letGo(session.id)
    throw error
  }
}

async function register(context: MongoContext, locks: HostLocks, session: NewSession): Promise<SessionRecord> {
  const { sessions } = context.collections
  const { id, ...fresh } = newSession(session, context.now())
  const doc: SessionDoc = { _id: id, ...fresh, place: placeOf(session.peer), locks: locks.folder }
  for (;;) {
    if (await context.insert(sessions, doc)) return sessionOf(doc)
    const known = await context.sure(sessions, id)
    if (known !== null && known.peer === session.peer && known.state !== 'dead') return sessionOf(known)
    if (known !== null) throw sessionTaken(id)
    const [earlier] = await context.list(sessions, { place: placeOf(session.peer) })
    if (earlier === undefined) continue
    if (locks.probe(earlier) !== 'gone') throw alreadyRunning(sessionOf(earlier))
    await end(context, earlier._id, earlier.beat, 'restart', id)
  }
}

function placeOf(peer: string): string {
  return `peer ${peer}`
}

/** `beats`: the same ledger over connections of its own. */
export async function beat(
  beats: MongoContext,
  id: string,
  beat: number,
  { busy, connected, addrs, draining, stats = {} }: BeatReport,
): Promise<'ok' | 'buried' | 'evicted'> {
  const { sessions } = beats.collections
  const state = draining ? ('draining' as const) : ('alive' as const)
  const news = { beat, busy, connected, addrs, stats, state, beatAt: beats.now() }
  if (await beats.update(sessions, { _id: id, state: OPEN, beat: { $lt: beat } }, { $set: news })) return 'ok'
  // No match: it was passed, or buried. That ends all that the peer runs, so a deposed primary must not be the one who says it.
  const session = await beats.sure(sessions, id)
  if (session === null) return 'buried'
  return session.state === 'dead' ? verdictOnDead(session) : 'ok'
}

/** The first request stays. */
export async function requestDrain(context: MongoContext, id: string, by: string): Promise<boolean> {
  const { sessions } = context.collections
  const unasked = { _id: id, state: OPEN, drainAsked: { $exists: false } }
  if (await context.update(sessions, unasked, { $set: { drainAsked: { by, at: context.now() } } })) return true
  const session = await context.get(sessions, id)
  return session !== null && session.state !== 'dead'
}

export async function closeSession(context: MongoContext, locks: HostLocks, id: string): Promise<void> {
  const { sessions } = context.collections
  for (;;) {
    const session = await context.get(sessions, id)
    if (session === null || session.state === 'dead') break
    if (await end(context, id, session.beat, 'left', null)) break
  }
  locks.letGo(id)
}

export async function bury(
  context: MongoContext,
  id: string,
  seenBeat: number,
  proof: DeathProof,
  by: string,
): Promise<boolean> {
  return end(context, id, seenBeat, proof, by)
}

/** Whether this call ended the session. A repetition after an open outcome recognises its own work by the name and the time. */
async function end(
  context: MongoContext,
  id: string,
  beat: number,
  proof: DeathProof,
  by: string | null,
): Promise<boolean> {
  const { sessions } = context.collections
  const now = context.now()
  const { state, busy, deadAt, deathProof, buriedBy } = endSession({} as SessionRecord, { proof, by, now })
  const certificate = { state, busy, deadAt, deathProof, buriedBy, place: `dead ${id}` }
  return context.answers.ask(async again => {
    const { matchedCount } = await sessions.updateOne({ _id: id, state: OPEN, beat }, { $set: certificate }, BOUNDED)
    if (matchedCount === 1 || !again) return matchedCount === 1
    const known = await context.readSure(sessions, id)
    return known?.state === 'dead' && known.buriedBy === by && known.deathProof === proof && known.deadAt === now
  })
}

export async function sessions(context: MongoContext, deadSinceMs?: number): Promise<SessionRecord[]> {
  const { sessions } = context.collections
  const dead = deadSinceMs === undefined ? [] : [{ state: 'dead' as const, deadAt: { $gt: deadSinceMs } }]
  const sort = { startedAt: 1, _id: 1 } as const
  const atMs = context.clock.monotonicMs()
  const found = await context.list(sessions, { $or: [{ state: OPEN }, ...dead] }, { sort })
  for (const session of found) context.known.noteSession(session, atMs)
  return found.map(sessionOf)
}

export async function probe(context: MongoContext, locks: HostLocks, ids: readonly string[]): Promise<ProbeResult[]> {
  const nowMs = context.clock.monotonicMs()
  const seen = new Map(ids.map(id => [id, context.known.session(id, nowMs)]))
  const unseen = ids.filter(id => seen.get(id) === undefined)
  const read = await context.listByIds(context.collections.sessions, unseen)
  return ids.map(session => {
    const doc = seen.get(session) ?? read.get(session)
    return { session, verdict: doc === undefined ? 'unknown' : locks.probe(doc) }
  })
}
