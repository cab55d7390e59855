/** Sessions: opened once, kept alive by beats, dead for good. Each step is one conditional write to the session's document. */
import type { DeathProof, SessionBeat, SessionHead, SessionRecord } from '../../lease/records.ts'
import { beatOf, endSession, newSession, verdictOnDead } from '../../lease/session-life.ts'
import { DEAD_SESSION_KEPT_MS } from '../ledger-limits.ts'
import type { BeatReport, NewSession, ProbeResult } from '../ledger.ts'
import { alreadyRunning, sessionTaken } from '../transactions/sessions.ts'
import { BOUNDED, type MongoContext } from './context.ts'
import { sessionHeadOf, sessionOf, type SessionDoc } from './documents.ts'
import { SESSIONS_PER_ANSWER } from './mongo-limits.ts'
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
    const open = new Set((await sessionBeats(context)).map(({ id }) => id))
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
  const told = { ...(connected === undefined ? {} : { connected }), ...(addrs === undefined ? {} : { addrs }) }
  const news = { beat, busy, stats, state, beatAt: beats.now(), ...told }
  const change = addrs === undefined ? { $set: news } : { $set: news, $inc: { headRev: 1 } }
  if (await beats.update(sessions, { _id: id, state: OPEN, beat: { $lt: beat } }, change)) return 'ok'
  // No match: it was passed, or buried. That ends all that the peer runs, so a deposed primary must not be the one who says it.
  const session = await beats.sure(sessions, id)
  if (session === null) return 'buried'
  return session.state === 'dead' ? verdictOnDead(session) : 'ok'
}

/** The first request stays. */
export async function requestDrain(context: MongoContext, id: string, by: string): Promise<boolean> {
  const { sessions } = context.collections
  const unasked = { _id: id, state: OPEN, drainAsked: { $exists: false } }
  const asked = { $set: { drainAsked: { by, at: context.now() } }, $inc: { headRev: 1 } }
  if (await context.update(sessions, unasked, asked)) return true
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

export async function sessionBeats(context: MongoContext): Promise<SessionBeat[]> {
  const atMs = context.clock.monotonicMs()
  const projection = { state: 1, beat: 1, busy: 1, headRev: 1 } as const
  const options = { projection, batchSize: SESSIONS_PER_ANSWER }
  const found = await context.list(context.collections.sessions, { state: OPEN }, options)
  const beats = found.map(({ _id, ...session }) => beatOf({ ...session, id: _id }))
  context.known.noteBeats(beats, atMs)
  return beats
}

export async function sessionHeads(context: MongoContext, ids?: readonly string[]): Promise<SessionHead[]> {
  const { sessions } = context.collections
  const atMs = context.clock.monotonicMs()
  const projection = { connected: 0, stats: 0, beatAt: 0 } as const
  const found = ids === undefined ? await context.list(sessions, { state: OPEN }, { projection }) : await byIds()
  for (const session of found) context.known.noteSession(session, atMs)
  return found.filter(({ state }) => state !== 'dead').map(sessionHeadOf)

  async function byIds(): Promise<SessionDoc[]> {
    return [...(await context.listByIds(sessions, ids ?? [], projection)).values()]
  }
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
