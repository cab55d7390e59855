/**
 * What the ledger remembers, as plain data: sessions, runs, DAGs, tasks, edges and attempts. The functions of this room decide how
 * one record becomes the next; the adapters of `ledger/` make the change durable, each change as one conditional write.
 */
import type { ErrorRecord } from '../core/errors.ts'
import type { Effect, WorkflowPlan } from '../workflow/plan.ts'

// --- sessions -------------------------------------------------------------------------------------------------------------------

export type SessionState = 'alive' | 'draining' | 'dead'

/**
 * How we know that a session is over. `lock`: its process is gone, proven by the operating system. `silence`: its beat stopped for
 * a whole TTL. `refused`: its connection was lost and nobody listens at its port any more. `left`: it said goodbye. `restart`: the same identity came back. `evicted`: an operator said so.
 */
export type DeathProof = 'lock' | 'silence' | 'refused' | 'left' | 'restart' | 'evicted'

export interface SessionRecord {
  id: string
  /** libp2p peer id. */
  peer: string
  name: string
  host: string
  pid: number
  /** `client` sessions (a command that talks to peers) claim nothing. */
  kind: 'node' | 'client'
  state: SessionState
  /** Grows with every renewal; a burial names the value that it saw. */
  beat: number
  ttlMs: number
  addrs: string[]
  queues: string[]
  /** How many tasks this peer runs at once. */
  capacity: number
  busy: number
  /** Peer ids that this peer has a connection to, as of its last beat. */
  connected: string[]
  version: string
  labels: Record<string, string>
  /** What the peer counts of its own work, for people: `claimsTried`, `claimsWon`, … */
  stats: Record<string, number>
  /** Wall clock, display only. */
  startedAt: number
  beatAt: number
  deadAt: number | null
  deathProof: DeathProof | null
  /** Session that buried this one; for an eviction, who asked for it. */
  buriedBy: string | null
  /** Somebody wants this peer to drain; absent when nobody does. */
  drainAsked?: DrainRequest
  /** Grows with every change of its {@link SessionHead}; absent before the first one. */
  headRev?: number
}

/** What changes in a session from one beat to the next, of all that its peers need to know. */
export type SessionBeat = Pick<SessionRecord, 'id' | 'state' | 'beat' | 'busy' | 'headRev'>

/**
 * What peers know of each other, and hardly ever changes. The rest is for people; of that the list of connections grows with the mesh, so that
 * reading it for everybody at each look would grow with the square.
 */
export type SessionHead = Omit<SessionRecord, 'connected' | 'stats' | 'beatAt'>

export interface DrainRequest {
  /** `user@host`, for display. */
  by: string
  /** Wall clock, display only. */
  at: number
}

// --- runs and DAGs ----------------------------------------------------------------------------------------------------------------

export type RunState = 'running' | 'succeeded' | 'failed' | 'aborted' | 'stopped'
export type DagState = RunState

/** Why a run (or a DAG) starts nothing new. */
export interface StopRecord {
  reason: 'failed' | 'aborted' | 'stopped'
  /** Task id, or the name of who asked. */
  by: string
  at: number
  error: ErrorRecord | null
}

export interface RunRecord {
  id: string
  workflow: string
  state: RunState
  plan: WorkflowPlan
  /** SHA-256 of the bundle that holds the workflow's code. */
  bundle: string
  args: Record<string, string | number | boolean>
  submittedBy: string
  createdAt: number
  /** First claim of one of its tasks. */
  startedAt: number | null
  endedAt: number | null
  stop: StopRecord | null
  keepData: boolean
  priority: number
  /** Given at its submission, for tasks that name none; absent when none was given. */
  queue?: string
  /** Id of the run that this one tries again; absent for others. */
  retryOf?: string
  /** In the first run of those that try each other again: the newest of them. Absent while there is none. */
  newestRetry?: string
}

export interface DagRecord {
  run: string
  /** Copy name, `name:n`. */
  name: string
  blueprint: string
  state: DagState
  /** Id of the task that started it; null for DAGs that start with the workflow. */
  starter: string | null
  /** Names this start among those of the starter, so that a repeated attempt adopts the copy instead of starting another. */
  starterKey: string | null
  /** What its first tasks receive. */
  data: PayloadRef | null
  createdAt: number
  endedAt: number | null
  stop: StopRecord | null
  /** Absent once all of its tasks are written. */
  unwritten?: {
    /** Of the blueprint: the next part to write. */
    part: number
    /** How many tasks are still to come. */
    tasks: number
  }
}

// --- tasks ------------------------------------------------------------------------------------------------------------------------

/**
 * `blocked` waits for predecessors; `ready` waits for a peer; `claimed` is being run. The rest are ends, but for `lost`: an
 * `exclusive` task whose peer died, which waits for an operator.
 */
export type TaskState =
  | 'blocked'
  | 'ready'
  | 'claimed'
  | 'done'
  | 'skipped'
  | 'stopped'
  | 'failed'
  | 'aborted'
  | 'cancelled'
  | 'lost'

export const TERMINAL_TASK_STATES: ReadonlySet<TaskState> = new Set([
  'done',
  'skipped',
  'stopped',
  'failed',
  'aborted',
  'cancelled',
])

/** The fence: every write about a claimed task carries it and is refused when it is no longer the current one. */
export interface Claim {
  task: string
  epoch: number
  /** 128 random bits as hexadecimal text. */
  claimId: string
}

/** How an attempt ended. `owner-died`: its session was buried while it held the task. */
export type AttemptEnd = 'done' | 'stopped' | 'failed' | 'aborted' | 'timed-out' | 'released' | 'owner-died'

export interface AttemptRecord {
  epoch: number
  claimId: string
  session: string
  /** Name of the peer, for display. */
  peer: string
  /** Session that claimed it for this one (see `decide-passing.ts`); absent when it claimed it itself. */
  passedBy?: string
  claimedAt: number
  endedAt: number | null
  end: AttemptEnd | null
  error: ErrorRecord | null
}

export interface TaskRecord {
  /** `run/dag:n/name`. */
  id: string
  run: string
  dag: string
  name: string
  kind: string
  state: TaskState
  queue: string
  effect: Effect
  priority: number
  retries: number
  backoffMs: number
  timeoutMs: number | null
  /** Absent: `DEFAULT_MAX_DEATHS`. */
  maxDeaths?: number | null
  /** How many peers are to hold its output before it is done; absent = 1. */
  replicas?: number
  forceRun: boolean
  propagateSkip: boolean
  /** Strictly grows with every claim, release and takeover. */
  epoch: number
  claimId: string | null
  /** Session id of the peer that holds the claim. */
  owner: string | null
  /** Counted at claim. */
  attempts: number
  /** Attempts that ended in failure: what `retries` is compared with. */
  failures: number
  /** Sessions that died holding it. */
  deaths: number
  /** Wall clock: not claimed earlier. */
  notBefore: number | null
  createdAt: number
  readyAt: number | null
  claimedAt: number | null
  endedAt: number | null
  out: PayloadRef | null
  /** Direct successors that may run; null = all. Set when done. */
  limit: string[] | null
  error: ErrorRecord | null
  /** Newest last, at most `MAX_ATTEMPTS_KEPT`. */
  history: AttemptRecord[]
  /** Done in an earlier run, which this one tries again. Absent for others. */
  reused?: true
  /** Of a stopped task: whether its successors are skipped, for those that have not been told yet. Absent: they are. */
  skipSuccessors?: boolean
  /** Done or stopped when its run or DAG was being stopped already: what it returned may be a part. Absent for others. */
  afterStop?: true
  /** What a blocked task waits for although all its predecessors have voted: inputs that were lost and are made again. */
  awaits?: AwaitedInput[]
  /** It was done and had to run again because what it had left was lost. Absent for most. */
  remade?: {
    times: number
    /** How many tasks in a row run again for the one that found the loss. */
    depth: number
  }
}

export interface AwaitedInput {
  /** Name of the predecessor. */
  task: string
  /** What an attempt of this epoch or an earlier one left is of no use any more. */
  epoch: number
}

export const MAX_ATTEMPTS_KEPT = 50

/** What an edge tells its successor once its predecessor has ended. */
export type Vote = 'run' | 'skip'

export interface EdgeRecord {
  run: string
  dag: string
  from: string
  to: string
  slot: string | null
  /** Place among the edges of its DAG: the order of input datasets. */
  order: number
  /** null while the predecessor has not ended. */
  vote: Vote | null
}

// --- payloads ---------------------------------------------------------------------------------------------------------------------

/** Names bytes by their content. Small ones travel with the reference. */
export interface PayloadRef {
  /** SHA-256 as hexadecimal text. */
  hash: string
  sizeBytes: number
  inline: Uint8Array | null
  /** Peer ids known to hold the bytes when they are not inline. */
  holders: string[]
}
