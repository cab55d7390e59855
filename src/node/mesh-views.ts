/** The mesh as people see it: peers, what they run and supervise, what waits. Pure. */
import { supervisorOf } from '../lease/decide-supervision.ts'
import type { DagRecord, SessionRecord, TaskRecord } from '../lease/records.ts'
import { iso } from './run-views.ts'
import type { MeshStatusView, PeerView, RunView } from './views.ts'

export interface MeshFacts {
  ledger: MeshStatusView['ledger']
  sessions: readonly SessionRecord[]
  /** Of the runs that have not ended. */
  dags: readonly DagRecord[]
  /** Claimed now, of the runs that have not ended. */
  claimed: readonly TaskRecord[]
  /** Recently claimed tasks, for the time from ready to claimed. */
  recent: readonly TaskRecord[]
  backlog: Record<string, number>
  runs: RunView[]
}

export function meshStatusView(facts: MeshFacts): MeshStatusView {
  const { ledger, sessions, backlog, runs } = facts
  const nodes = sessions.filter(({ kind }) => kind === 'node')
  const live = nodes.filter(({ state }) => state !== 'dead')
  const shown = [...live, ...missing(nodes, live)]
  const served = new Set(live.flatMap(({ queues }) => queues))
  return {
    ledger,
    peers: shown.map(session => peerView(session, live, facts)),
    backlog,
    unservedQueues: Object.keys(backlog).filter(queue => !served.has(queue)),
    runs,
    metrics: { claimAttemptsPerWin: claimAttemptsPerWin(live), ...readyToClaimed(facts.recent) },
  }
}

/** The dead that somebody may miss, newest first: not those that left in order, nor those that came back. */
function missing(nodes: readonly SessionRecord[], live: readonly SessionRecord[]): SessionRecord[] {
  const names = new Set(live.map(({ name }) => name))
  const newestFirst = nodes.toSorted((a, b) => (b.deadAt ?? 0) - (a.deadAt ?? 0))
  return newestFirst.filter(({ state, deathProof, name }) => {
    if (state !== 'dead' || deathProof === 'left' || names.has(name)) return false
    names.add(name)
    return true
  })
}

function peerView(session: SessionRecord, live: readonly SessionRecord[], { dags, claimed }: MeshFacts): PeerView {
  const names = new Map(live.map(({ peer, name }) => [peer, name]))
  const liveIds = live.map(({ id }) => id)
  const running = claimed.filter(({ owner }) => owner === session.id)
  const supervised = dags.filter(
    ({ run, name, state }) => state === 'running' && supervisorOf(run, name, liveIds) === session.id,
  )
  return {
    peer: session.peer,
    session: session.id,
    name: session.name,
    host: session.host,
    pid: session.pid,
    state: session.state,
    queues: session.queues,
    capacity: session.capacity,
    busy: session.busy,
    connected: session.connected.flatMap(peer => names.get(peer) ?? []),
    lastBeatAt: iso(session.beatAt),
    startedAt: iso(session.startedAt),
    version: session.version,
    supervises: supervised.map(({ run, name }) => `${run}/${name}`),
    running: running.map(({ id }) => id),
    ...(session.deadAt === null ? {} : { deadAt: iso(session.deadAt) }),
    ...(session.deathProof === null ? {} : { deathProof: session.deathProof }),
  }
}

function claimAttemptsPerWin(live: readonly SessionRecord[]): number | null {
  const sum = (key: string) => live.reduce((total, { stats }) => total + (stats[key] ?? 0), 0)
  const won = sum('claimsWon')
  return won === 0 ? null : sum('claimsTried') / won
}

function readyToClaimed(recent: readonly TaskRecord[]): {
  readyToClaimedP50Ms: number | null
  readyToClaimedP99Ms: number | null
} {
  const waits = recent
    // A repeated attempt kept its place in the line: its wait is not that of a ready task.
    .filter(({ history }) => history.length === 1)
    .flatMap(({ readyAt, claimedAt }) =>
      readyAt === null || claimedAt === null ? [] : [Math.max(0, claimedAt - readyAt)],
    )
    .sort((a, b) => a - b)
  const at = (share: number) => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? null
  return { readyToClaimedP50Ms: at(0.5), readyToClaimedP99Ms: at(0.99) }
}
