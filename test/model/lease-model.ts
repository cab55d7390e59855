/**
 * The lease protocol with everything left out but its order of events: two peers, a task and its successor, each peer's process may
 * freeze, die and come back under a new session, a claim may land at any later time. How records change is decided by the real
 * functions of `src/lease`.
 */
import { readyTask } from '../../src/lease/advance-task.ts'
import { claimTask, mayClaim } from '../../src/lease/claim-task.ts'
import { isCurrentClaim } from '../../src/lease/fence.ts'
import { finishAttempt } from '../../src/lease/finish-attempt.ts'
import type { Claim, DagRecord, SessionRecord, TaskRecord } from '../../src/lease/records.ts'
import { endSession, newSession, renewSession } from '../../src/lease/session-life.ts'
import { takeOver } from '../../src/lease/take-over.ts'
import { readyTask as taskFixture } from '../lease/task-fixture.ts'
import type { Model, Step } from './explore.ts'

export interface LeaseRules {
  /** A thief writes only the task: nobody is buried (H1). */
  stealsWithoutBurial: boolean
  /** Who buries looks once for orphans, nobody looks again (H2). */
  sweepsOnce: boolean
  /** A claim and the state of its session are judged in one step: true with transactions, false with documents. */
  claimSeesSession: boolean
}

interface Peer {
  /** Number of its session, from 1; 0 before the first. */
  incarnation: number
  isUp: boolean
  /** What it believes to hold. */
  runs: Claim | null
  /** Beat of the other peer's session that it has watched for a whole TTL. */
  watched: { session: string; beat: number } | null
  /** A claim under way to the ledger. */
  sent: { session: string; task: string; claimId: string } | null
}

interface State {
  peers: Record<Name, Peer>
  sessions: Record<string, SessionRecord>
  tasks: Record<string, TaskRecord>
  doneTimes: number
}

type Name = 'A' | 'B'
const NAMES: readonly Name[] = ['A', 'B']
/** The last session of a peer neither dies nor falls silent, so that somebody is there in the end. */
const LAST_INCARNATION: Record<Name, number> = { A: 2, B: 1 }
const MAX_BEAT = 1
const RUN = { state: 'running', stop: null } as const
const NEVER: Peer = { incarnation: 0, isUp: false, runs: null, watched: null, sent: null }

export function leaseModel(rules: LeaseRules): Model<State> {
  return {
    start: opened(opened(EMPTY, 'A', rules), 'B', rules),
    steps: state => NAMES.flatMap(name => stepsOf(state, name, rules)),
    key: keyOf,
    violation: violationIn,
    // A task that many sessions left behind is given up: an end as well.
    isGoal: ({ tasks }) =>
      tasks['second']?.state === 'done' || tasks['first']?.state === 'failed' || tasks['second']?.state === 'failed',
  }
}

const EMPTY: State = {
  peers: { A: NEVER, B: NEVER },
  sessions: {},
  tasks: {
    first: taskFixture({ id: 'first', name: 'first', state: 'ready', effect: 'pure' }),
    second: taskFixture({ id: 'second', name: 'second', state: 'blocked', effect: 'pure' }),
  },
  doneTimes: 0,
}

function stepsOf(state: State, name: Name, rules: LeaseRules): Step<State>[] {
  const peer = state.peers[name]
  const landing = land(state, name, rules)
  if (!peer.isUp) return [...landing, { action: `${name} starts again`, next: opened(state, name, rules) }]
  return [
    ...landing,
    ...sendClaims(state, name),
    ...beat(state, name, rules),
    ...finish(state, name),
    ...watch(state, name),
    ...buryOrSteal(state, name, rules),
    ...sweep(state, name, rules),
    ...crash(state, name),
  ]
}

function sessionOf({ peers, sessions }: State, name: Name): SessionRecord {
  const session = sessions[`${name}${peers[name].incarnation}`]
  if (session === undefined) throw new Error(`${name} has no session`)
  return session
}

function withPeer(state: State, name: Name, change: Partial<Peer>): State {
  return { ...state, peers: { ...state.peers, [name]: { ...state.peers[name], ...change } } }
}

function withTask(state: State, task: TaskRecord): State {
  return { ...state, tasks: { ...state.tasks, [task.id]: task } }
}

function withSession(state: State, session: SessionRecord): State {
  return { ...state, sessions: { ...state.sessions, [session.id]: session } }
}

/** A new session. The one before, if any, is buried: its process is known to be gone. */
function opened(state: State, name: Name, rules: LeaseRules): State {
  const { incarnation, sent } = state.peers[name]
  const before = state.sessions[`${name}${incarnation}`]
  const session = newSession({ ...OPENING, id: `${name}${incarnation + 1}`, peer: name, name }, 0)
  const peer = { ...NEVER, incarnation: incarnation + 1, isUp: true, sent }
  const next = withSession(withPeer(state, name, peer), session)
  return before === undefined || before.state === 'dead' ? next : buried(next, before, 'restart', rules)
}

function buried(state: State, session: SessionRecord, proof: 'silence' | 'restart', { sweepsOnce }: LeaseRules): State {
  const next = withSession(state, endSession(session, { proof, by: null, now: 0 }))
  return sweepsOnce ? withoutClaims(next, ({ owner }) => owner === session.id) : next
}

function sendClaims(state: State, name: Name): Step<State>[] {
  const { runs, sent, incarnation } = state.peers[name]
  if (runs !== null || sent !== null) return []
  const ready = Object.values(state.tasks).filter(task => task.state === 'ready')
  return ready.map(({ id, epoch }) => ({
    action: `${name} sends a claim for ${id}`,
    next: withPeer(state, name, {
      sent: { session: `${name}${incarnation}`, task: id, claimId: `${name}${incarnation}-${id}-${epoch}` },
    }),
  }))
}

/** A claim arrives: soon, or long after its sender died. */
function land(state: State, name: Name, { claimSeesSession }: LeaseRules): Step<State>[] {
  const { sent, isUp, incarnation } = state.peers[name]
  if (sent === null) return []
  const landed = withPeer(state, name, { sent: null })
  const task = state.tasks[sent.task]
  const session = state.sessions[sent.session]
  if (task === undefined || session === undefined) return []
  const judged = claimSeesSession ? session : { ...session, state: 'alive' as const }
  if (!mayClaim(task, { session: judged, run: RUN, dag: DAG, now: 0 }))
    return [{ action: `${name} loses a claim`, next: landed }]
  const claimed = claimTask(task, { session, claimId: sent.claimId, now: 0 })
  const next = withTask(landed, claimed)
  const claim = { task: task.id, epoch: claimed.epoch, claimId: sent.claimId }
  const hears = isUp && sent.session === `${name}${incarnation}`
  const action = `the claim of ${sent.session} for ${task.id} lands`
  return [{ action, next: hears ? withPeer(next, name, { runs: claim }) : next }]
}

/** Renews the session, or learns that it was buried: what it runs is ended and a new session begins. */
function beat(state: State, name: Name, rules: LeaseRules): Step<State>[] {
  const session = sessionOf(state, name)
  if (session.state === 'dead')
    return [{ action: `${name} learns that it was buried`, next: opened(state, name, rules) }]
  if (session.beat >= MAX_BEAT) return []
  const renewed = renewSession(session, session.beat + 1, { busy: 0, connected: [], addrs: [], draining: false }, 0)
  return renewed === undefined ? [] : [{ action: `${name} beats`, next: withSession(state, renewed) }]
}

function finish(state: State, name: Name): Step<State>[] {
  const { runs } = state.peers[name]
  if (runs === null) return []
  const idle = withPeer(state, name, { runs: null })
  const task = state.tasks[runs.task]
  if (!isCurrentClaim(task, runs)) return [{ action: `a late result of ${name} is refused`, next: idle }]
  const done = finishAttempt(
    task,
    { outcome: 'done', out: null, limit: null, error: null },
    { now: 0, stopping: false },
  )
  const next = { ...withTask(idle, done), doneTimes: state.doneTimes + (task.id === 'first' ? 1 : 0) }
  const second = state.tasks['second']
  const isNext = task.id === 'first' && second?.state === 'blocked'
  return [{ action: `${name} completes ${task.id}`, next: isNext ? withTask(next, readyTask(second, 0)) : next }]
}

/** Sees the other's beat; whether a TTL then passes without another one is anybody's guess. */
function watch(state: State, name: Name): Step<State>[] {
  const other = sessionOf(state, name === 'A' ? 'B' : 'A')
  const { watched } = state.peers[name]
  if (other.state === 'dead' || isLast(other)) return []
  if (watched?.session === other.id && watched.beat === other.beat) return []
  const next = withPeer(state, name, { watched: { session: other.id, beat: other.beat } })
  return [{ action: `${name} sees beat ${other.beat} of ${other.id}`, next }]
}

function buryOrSteal(state: State, name: Name, rules: LeaseRules): Step<State>[] {
  const { watched } = state.peers[name]
  const session = state.sessions[watched?.session ?? '']
  // Only a live session buries: the observer must be well itself.
  if (watched === null || session === undefined || sessionOf(state, name).state === 'dead') return []
  if (session.state === 'dead' || session.beat !== watched.beat) return []
  if (rules.stealsWithoutBurial) {
    const next = withoutClaims(state, ({ owner }) => owner === session.id)
    return next === state ? [] : [{ action: `${name} takes what ${session.id} holds`, next }]
  }
  return [{ action: `${name} buries ${session.id}`, next: buried(state, session, 'silence', rules) }]
}

function sweep(state: State, name: Name, { sweepsOnce }: LeaseRules): Step<State>[] {
  if (sweepsOnce) return []
  const next = withoutClaims(state, ({ owner }) => state.sessions[owner ?? '']?.state === 'dead')
  return next === state ? [] : [{ action: `${name} takes over from the dead`, next }]
}

function withoutClaims(state: State, isTaken: (task: TaskRecord) => boolean): State {
  const taken = Object.values(state.tasks).filter(task => task.state === 'claimed' && isTaken(task))
  return taken.reduce(
    (before, task) => withTask(before, takeOver(task, { proof: 'silence', now: 0, stopping: false })),
    state,
  )
}

/** Once: the process dies, and whatever it has sent is still on its way. */
function crash(state: State, name: Name): Step<State>[] {
  if (isLast(sessionOf(state, name))) return []
  return [{ action: `${name} crashes`, next: withPeer(state, name, { isUp: false, runs: null, watched: null }) }]
}

function isLast({ id }: SessionRecord): boolean {
  return Number(id.slice(1)) >= LAST_INCARNATION[id.startsWith('A') ? 'A' : 'B']
}

function violationIn({ peers, sessions, tasks, doneTimes }: State): string | null {
  if (doneTimes > 1) return 'a task was completed twice'
  if (tasks['second']?.state === 'claimed' && tasks['first']?.state !== 'done')
    return 'a task started before its predecessor'
  for (const name of NAMES) {
    const { runs, incarnation } = peers[name]
    if (runs === null || isCurrentClaim(tasks[runs.task], runs)) continue
    if (sessions[`${name}${incarnation}`]?.state !== 'dead')
      return `${name} lost its claim and its beats still say that all is well`
  }
  return null
}

function keyOf({ peers, sessions, tasks }: State): string {
  const sessionKeys = Object.values(sessions).map(({ id, state, beat }) => `${id}${state}${beat}`)
  const taskKeys = Object.values(tasks).map(({ state, epoch, claimId }) => `${state}${epoch}${claimId}`)
  return JSON.stringify([peers, sessionKeys.sort(), taskKeys])
}

const OPENING = {
  host: 'host',
  pid: 1,
  kind: 'node' as const,
  ttlMs: 1,
  addrs: [],
  queues: ['task'],
  capacity: 1,
  version: '0',
  labels: {},
}

const DAG: DagRecord = {
  run: 'r',
  name: 'main:1',
  blueprint: 'main',
  state: 'running',
  starter: null,
  starterKey: null,
  data: null,
  createdAt: 0,
  endedAt: null,
  stop: null,
}
