/**
 * When is a silent peer dead? One observer per peer looks at the beats in the ledger. It never compares clocks of two machines:
 * a beat that has not changed for the owner's whole TTL, on the observer's own monotonic clock, is silence.
 *
 * Two guards keep a sick observer from burying the healthy (H3, H15). Its clock runs only while its own beats are acknowledged
 * and its reads come regularly, both measured by the TTL of the session that is judged; any gap starts the count anew. And when many peers fall silent together, that is evidence
 * about the ledger or the observer, not about them: a brake waits one more TTL and then lets one burial through at each look.
 */

export interface ObservedSession {
  id: string
  beat: number
  ttlMs: number
}

export interface Observation {
  /** When the read of the sessions returned, monotonic. */
  nowMs: number
  /** Live sessions but one's own. */
  sessions: readonly ObservedSession[]
  /** When the last acknowledged own beat was sent, monotonic. */
  ownBeatMs: number
  /** Shortest silence that this observer's own pace of beats and reads lets it judge (ms); see {@link leastTtlOf}. */
  leastTtlMs?: number
}

interface Watch {
  beat: number
  unchangedSinceMs: number
  reads: number
}

export interface ObserverState {
  watches: ReadonlyMap<string, Watch>
  lastReadMs: number | null
}

export interface SilentSession {
  id: string
  /** The beat that a burial must name. */
  beat: number
}

export const NEW_OBSERVER: ObserverState = { watches: new Map(), lastReadMs: null }

/** Reads of an unchanged beat before it may count as silence. */
export const MIN_READS_OF_SILENCE = 3
/** No TTL below this is believed, whatever a session document says. */
const MIN_TTL_MS = 2000
/** This share of the watched sessions (and at least {@link BRAKE_MIN_SESSIONS}) quiet at once pulls the brake. */
const BRAKE_SHARE = 0.3
const BRAKE_MIN_SESSIONS = 3
/** Part of its TTL after which a quiet session counts for the brake: many times the pause between two beats. */
const SUSPECT_PATIENCE = 0.6
/** While the brake holds, silence is believed after this many TTLs. */
const BRAKE_PATIENCE = 2

/** The next state, and the sessions that may be buried now. */
export function observe(
  state: ObserverState,
  observation: Observation,
): { state: ObserverState; silent: SilentSession[] } {
  const { nowMs, sessions } = observation
  const watches = nextWatches(state, observation)
  const brakes = isMassDeath(watches, observation)
  const patience = brakes ? BRAKE_PATIENCE : 1
  const silent = sessions.filter(session => isSilent(watches.get(session.id), session, observation, patience))
  return {
    state: { watches, lastReadMs: nowMs },
    silent: silent.slice(0, brakes ? 1 : silent.length).map(({ id, beat }) => ({ id, beat })),
  }
}

export interface ObserverPace {
  beatMs: number
  sweepMs: number
  /** Both may take this many times as long. */
  quietFactor: number
}

/** What an observer with this pace can judge: some reads and two beats of its own must fit into the silence. */
export function leastTtlOf({ beatMs, sweepMs, quietFactor }: ObserverPace): number {
  return Math.max(MIN_TTL_MS, 3 * quietFactor * beatMs, 5 * quietFactor * sweepMs)
}

function nextWatches(state: ObserverState, observation: Observation): Map<string, Watch> {
  const { nowMs, sessions, ownBeatMs } = observation
  const sinceReadMs = state.lastReadMs === null ? Number.POSITIVE_INFINITY : nowMs - state.lastReadMs
  const watches = new Map<string, Watch>()
  for (const session of sessions) {
    const { id, beat } = session
    const ttlMs = effectiveTtlMs(session, observation)
    // One session of a short TTL must not make the observer blind for all the others.
    const healthy = sinceReadMs < ttlMs / 3 && nowMs - ownBeatMs < ttlMs / 2
    const before = state.watches.get(id)
    const unchanged = healthy && before !== undefined && before.beat === beat
    watches.set(id, unchanged ? { ...before, reads: before.reads + 1 } : { beat, unchangedSinceMs: nowMs, reads: 1 })
  }
  return watches
}

function isSilent(
  watch: Watch | undefined,
  session: ObservedSession,
  observation: Observation,
  patience: number,
): boolean {
  if (watch === undefined || watch.reads < MIN_READS_OF_SILENCE) return false
  return observation.nowMs - watch.unchangedSinceMs >= patience * effectiveTtlMs(session, observation)
}

function effectiveTtlMs({ ttlMs }: ObservedSession, { leastTtlMs = MIN_TTL_MS }: Observation): number {
  return Math.max(ttlMs, leastTtlMs)
}

/** Counted are the suspects, not only those whose time is over: peers that stop together beat at different moments. */
function isMassDeath(watches: ReadonlyMap<string, Watch>, observation: Observation): boolean {
  const { sessions } = observation
  const suspects = sessions.filter(session => isSilent(watches.get(session.id), session, observation, SUSPECT_PATIENCE))
  return suspects.length >= BRAKE_MIN_SESSIONS && suspects.length > sessions.length * BRAKE_SHARE
}
