/** The mesh as people see it: peers, what they run and supervise, what waits, what needs somebody. Pure. */
import { supervisorOf } from '../lease/decide-supervision.ts'
import type { SessionRecord, TaskRecord, TaskState } from '../lease/records.ts'
import type { DagProgress } from '../ledger/ledger.ts'
import { describeServed } from '../workflow/needs.ts'
import { troubles, troublesOfRun } from './mesh-troubles.ts'
import type { MeshReading } from './read-mesh.ts'
import { iso, runView } from './run-views.ts'
import type { GonePeerView, HintMetrics, MeshStatusView, PeerView, TroubleView } from './views.ts'

/** A peer that left in order is remembered for this long. */
const LEFT_SHOWN_MS = 3_600_000
/** mx2 before mx10. */
const BY_NAME = new Intl.Collator('en', { numeric: true })

export function meshStatusView(
  reading: MeshReading,
  ledger: Pick<MeshStatusView['ledger'], 'kind' | 'incarnation' | 'location'>,
): MeshStatusView {
  const { sessions, backlog, runs, nowMs } = reading
  const nodes = sessions.filter(({ kind }) => kind === 'node')
  const live = nodes.filter(({ state }) => state !== 'dead').toSorted((a, b) => BY_NAME.compare(a.name, b.name))
  const supervised = supervisedDags(reading, live)
  const peers = [...live, ...missing(nodes, live)].map(session => peerView(session, live, { reading, supervised }))
  const served = new Set(live.flatMap(({ queues }) => queues))
  return {
    ledger: { ...ledger, roundTripMs: Math.round(reading.roundTripMs * 10) / 10 },
    peers,
    left: leftPeers(nodes, live, nowMs),
    backlog,
    unservedQueues: Object.keys(backlog).filter(queue => !served.has(queue)),
    runs: runs.map(({ head, progress }) => runView(head, countsOf(progress), nowMs)),
    troubles: troubles(reading, peers),
    metrics: {
      claimAttemptsPerWin: claimAttemptsPerWin(live),
      ...readyToClaimed(reading),
      ...inputBytes(live),
      hints: hintMetrics(live),
    },
  }
}

/** What keeps a run from going on, out of what was read for it alone. */
export function runTroubles(reading: MeshReading): TroubleView[] {
  const live = reading.sessions.filter(({ kind, state }) => kind === 'node' && state !== 'dead')
  const supervised = new Map<string, string[]>()
  return troublesOfRun(
    reading,
    live.map(session => peerView(session, live, { reading, supervised })),
  )
}

/** How the sessions that hold tasks of a run are, of those that are not well. */
export function unwellSessions({ sessions, silentMs, holds }: MeshReading): Map<string, 'silent' | 'dead'> {
  const known = new Map(sessions.map(session => [session.id, session.state]))
  const unwell = new Map<string, 'silent' | 'dead'>()
  for (const id of holds.keys()) {
    if ((known.get(id) ?? 'dead') === 'dead') unwell.set(id, 'dead')
    else if ((silentMs.get(id) ?? 0) > 0) unwell.set(id, 'silent')
  }
  return unwell
}

function countsOf(progress: readonly DagProgress[]): Partial<Record<TaskState, number>> {
  const sum: Partial<Record<TaskState, number>> = {}
  for (const { counts } of progress) {
    for (const [state, count] of Object.entries(counts) as [TaskState, number][]) sum[state] = (sum[state] ?? 0) + count
  }
  return sum
}

/** The dead that somebody may miss, newest first: not those that left in order, nor those that came back. */
function missing(nodes: readonly SessionRecord[], live: readonly SessionRecord[]): SessionRecord[] {
  return newestGone(nodes, live).filter(({ deathProof }) => deathProof !== 'left')
}

function leftPeers(nodes: readonly SessionRecord[], live: readonly SessionRecord[], nowMs: number): GonePeerView[] {
  return newestGone(nodes, live)
    .filter(({ deathProof, deadAt }) => deathProof === 'left' && nowMs - (deadAt ?? 0) < LEFT_SHOWN_MS)
    .map(({ name, host, deadAt, beatAt, drainAsked }) => ({
      name,
      host,
      at: iso(deadAt ?? beatAt),
      ...(drainAsked === undefined ? {} : { drainAskedBy: drainAsked.by }),
    }))
}

/** The last session of each name that nobody bears now. */
function newestGone(nodes: readonly SessionRecord[], live: readonly SessionRecord[]): SessionRecord[] {
  const names = new Set(live.map(({ name }) => name))
  const newestFirst = nodes.toSorted((a, b) => (b.deadAt ?? 0) - (a.deadAt ?? 0))
  return newestFirst.filter(({ state, name }) => {
    if (state !== 'dead' || names.has(name)) return false
    names.add(name)
    return true
  })
}

function peerView(
  session: SessionRecord,
  live: readonly SessionRecord[],
  { reading, supervised }: { reading: MeshReading; supervised: ReadonlyMap<string, string[]> },
): PeerView {
  const names = new Map(live.map(({ peer, name }) => [peer, name]))
  const running = [...(reading.holds.get(session.id) ?? [])]
  const isLive = session.state !== 'dead'
  const others = live.filter(({ id }) => id !== session.id)
  const connected = new Set(session.connected)
  return {
    peer: session.peer,
    session: session.id,
    name: session.name,
    host: session.host,
    pid: session.pid,
    state: session.state === 'alive' && session.drainAsked !== undefined ? 'draining' : session.state,
    ...describeServed(session.queues),
    capacity: session.capacity,
    busy: session.busy,
    connected: session.connected.flatMap(peer => names.get(peer) ?? []),
    notConnected: isLive ? others.filter(({ peer }) => !connected.has(peer)).map(({ name }) => name) : [],
    lastBeatAt: iso(session.beatAt),
    silentMs: reading.silentMs.get(session.id) ?? 0,
    startedAt: iso(session.startedAt),
    version: session.version,
    supervises: supervised.get(session.id) ?? [],
    running,
    joining: isLive ? joiningOf(session, reading) : 0,
    ...(session.drainAsked === undefined ? {} : { drainAskedBy: session.drainAsked.by }),
    ...(session.deadAt === null ? {} : { deadAt: iso(session.deadAt) }),
    ...(session.deathProof === null ? {} : { deathProof: session.deathProof }),
    ...(session.deathProof === 'evicted' && session.buriedBy !== null ? { evictedBy: session.buriedBy } : {}),
  }
}

/** Held at its last beat and not counted as busy then: what waits in a join takes no place. */
function joiningOf({ id, busy, beatAt }: SessionRecord, { runs }: MeshReading): number {
  const held = runs.flatMap(({ inWork }) =>
    inWork.filter(({ owner, state, claimedAt }) => owner === id && state === 'claimed' && (claimedAt ?? 0) <= beatAt),
  )
  return Math.max(0, held.length - busy)
}

const OPEN_STATES = ['blocked', 'ready', 'claimed', 'lost'] as const

/** `run/dag:n` of the DAG copies that are not done, by the session that supervises them: not one that is about to leave. */
function supervisedDags({ runs }: MeshReading, live: readonly SessionRecord[]): Map<string, string[]> {
  const staying = live.filter(({ state, drainAsked }) => state === 'alive' && drainAsked === undefined)
  const ids = (staying.length > 0 ? staying : live).map(({ id }) => id)
  const supervised = new Map<string, string[]>()
  for (const { head, progress } of runs) {
    for (const { dag, counts } of progress) {
      if (!OPEN_STATES.some(state => (counts[state] ?? 0) > 0)) continue
      const session = supervisorOf(head.id, dag, ids)
      if (session === undefined) continue
      supervised.set(session, [...(supervised.get(session) ?? []), `${head.id}/${dag}`])
    }
  }
  return supervised
}

function claimAttemptsPerWin(live: readonly SessionRecord[]): number | null {
  const won = sumOf(live, 'claimsWon')
  return won === 0 ? null : sumOf(live, 'claimsTried') / won
}

function inputBytes(live: readonly SessionRecord[]): {
  localBytesPerAttempt: number | null
  pulledBytesPerAttempt: number | null
} {
  const attempts = sumOf(live, 'attemptsFetched')
  const perAttempt = (key: string) => (attempts === 0 ? null : Math.round(sumOf(live, key) / attempts))
  return { localBytesPerAttempt: perAttempt('bytesLocal'), pulledBytesPerAttempt: perAttempt('bytesPulled') }
}

function hintMetrics(live: readonly SessionRecord[]): HintMetrics {
  return {
    published: sumOf(live, 'hintsPublished'),
    received: sumOf(live, 'hintsReceived'),
    refused: sumOf(live, 'hintsRefused'),
    dropped: sumOf(live, 'hintsDropped'),
    toNobody: sumOf(live, 'publishedToNobody'),
  }
}

function sumOf(live: readonly SessionRecord[], key: string): number {
  return live.reduce((total, { stats }) => total + (stats[key] ?? 0), 0)
}

function readyToClaimed({ runs }: MeshReading): {
  readyToClaimedP50Ms: number | null
  readyToClaimedP99Ms: number | null
} {
  const sample: TaskRecord[] = runs.flatMap(({ inWork, done }) => [...inWork, ...done])
  const waits = sample
    // A repeated attempt kept its place in the line: its wait is not that of a ready task.
    .filter(({ history }) => history.length === 1)
    .flatMap(({ readyAt, claimedAt }) =>
      readyAt === null || claimedAt === null ? [] : [Math.max(0, claimedAt - readyAt)],
    )
    .sort((a, b) => a - b)
  const at = (share: number) => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? null
  return { readyToClaimedP50Ms: at(0.5), readyToClaimedP99Ms: at(0.99) }
}
