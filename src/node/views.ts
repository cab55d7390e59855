/**
 * What Lightflow shows of itself: the shapes of the library's answers and, unchanged, of `--json`. Scripts rely on them: fields are
 * added, never renamed or removed. Times are ISO 8601 texts in UTC, durations milliseconds.
 */
import type { ErrorRecord } from '../core/errors.ts'
import type { AttemptEnd, DagState, RunState, TaskState } from '../lease/records.ts'
import type { Effect } from '../workflow/plan.ts'

export interface WorkflowView {
  name: string
  /** First line of the file's docstring. */
  description: string
  file: string
  options: { name: string; type: string; help: string; required: boolean; default: string | number | boolean | null }[]
}

/** A file that looks like a workflow and cannot be loaded. */
export interface BrokenWorkflowView {
  file: string
  error: ErrorRecord
}

export interface SettingView {
  /** Of the environment variable. */
  name: string
  /** Without user and password. */
  value: string
  from: 'flag' | 'environment' | 'default'
  meaning: string
}

export interface SettingsView {
  settings: SettingView[]
  /** What follows from them: absolute paths on this host. */
  places: {
    /** The folder that holds the others. */
    files: string
    payloads: string
    bundles: string
    outputs: string
    scratch: string
    doorbell: string
    endBell: string
  }
}

export interface ExampleView {
  name: string
  /** First line of the file's docstring. */
  description: string
  file: string
}

export interface ExampleCopyView {
  /** Absolute. */
  folder: string
  /** Names. */
  examples: string[]
  /** Relative to the folder. */
  files: string[]
  /** Those of them that were there with other contents. */
  overwritten: string[]
}

export interface StartView {
  run: string
  workflow: string
  /** With `--wait`. */
  state?: RunState
  durationMs?: number
  /** Live peers that could run it; 0 = it waits for the first one. */
  peers: number
  /** Queues of the workflow that no live peer serves; with what the tasks need, as `task:gpu=1`. */
  unservedQueues: string[]
  /** What to type to serve them; absent when all are served. */
  serveWith?: string
}

export interface RetryView extends StartView {
  /** The run that it tries again. */
  retryOf: string
  /** Tasks that are not run again: they are taken over with their results. */
  reused: number
  /** Tasks that are run, as `dag:n/task`; more may follow as tasks start DAGs. */
  again: string[]
  /** Tasks taken over that will run again all the same when they are needed, as `dag:n/task`: what they returned is not kept any more. */
  remade: string[]
}

export interface RunView {
  run: string
  workflow: string
  state: RunState
  tasks: Partial<Record<TaskState, number>>
  submittedBy: string
  createdAt: string
  startedAt: string | null
  endedAt: string | null
  durationMs: number | null
  args: Record<string, string | number | boolean>
  error?: ErrorRecord
  /** Task id or person that stopped the run, when it did not end by itself. */
  stoppedBy?: string
  /** What keeps it from going on, the worst first; empty when nothing does. Absent in lists of runs and when it has ended. */
  troubles?: TroubleView[]
  /** The run that this one tries again. */
  retryOf?: string
}

export interface AttemptView {
  epoch: number
  peer: string
  claimedAt: string
  endedAt: string | null
  /** null while it runs. */
  end: AttemptEnd | null
  error?: ErrorRecord
}

export interface TaskView {
  task: string
  state: TaskState
  queue: string
  /** Name of the peer of the last attempt; null before the first. */
  peer: string | null
  attempts: number
  epoch: number
  startedAt: string | null
  endedAt: string | null
  durationMs: number | null
  /** Names of the tasks it waits for or waited for. */
  after: string[]
  history: AttemptView[]
  error?: ErrorRecord
  /** Of a claimed task: its peer has sent no beat for a while, or is dead. Absent while it is well. */
  peerState?: 'silent' | 'dead'
  /** Taken over from an earlier run, which this one tries again. */
  reused?: true
  /** Tasks that run again because what they left was lost and this one needs it. */
  awaits?: string[]
  /** How often it ran again because what it had left was lost. */
  remade?: number
  /** Peers that are to hold what it left, and that are known to; only when the task asks for more than one. */
  copies?: { wanted: number; held: number }
}

export interface DagView {
  dag: string
  blueprint: string
  state: DagState
  /** Task id of the task that started it; null for DAGs that start with the workflow. */
  startedBy: string | null
  tasks: TaskView[]
}

export interface RunDetailsView extends RunView {
  dags: DagView[]
}

export interface ResultView {
  task: string
  dag: string
  state: TaskState
  /** The task's flattened data. */
  data: Record<string, unknown>
}

/** What is in the store of a run. */
export interface StoredView {
  run: string
  path: string
  /** Absent where nothing is. */
  value?: unknown
  /** The run has succeeded and was not to keep its data. */
  isDropped: boolean
}

export interface PeerView {
  /** libp2p peer id. */
  peer: string
  session: string
  name: string
  host: string
  pid: number
  state: 'alive' | 'draining' | 'dead'
  queues: string[]
  /** How much it has of what tasks need. */
  resources: Record<string, number>
  capacity: number
  busy: number
  /** Names of the peers that it has a connection to. */
  connected: string[]
  /** Names of the other live peers to which it has none. */
  notConnected: string[]
  lastBeatAt: string
  /** Milliseconds without a beat; 0 while it is well. */
  silentMs: number
  startedAt: string
  version: string
  /** Runs and DAG copies that it supervises, `run/dag:n`. */
  supervises: string[]
  /** Task ids that it holds now. */
  running: string[]
  /** How many of these wait in `joinDags` and take no place. */
  joining: number
  /** Somebody asked it to drain. */
  drainAskedBy?: string
  /** For dead peers: when and how we know. */
  deadAt?: string
  deathProof?: string
  evictedBy?: string
}

export interface GonePeerView {
  name: string
  host: string
  at: string
  drainAskedBy?: string
}

/** Something that needs a person, or at least an eye. */
export interface TroubleView {
  kind:
    | 'lost'
    | 'no-peer'
    | 'silent'
    | 'unserved'
    | 'missing'
    | 'link'
    | 'overdue'
    | 'stuck'
    | 'orphan'
    | 'quarantined'
    | 'versions'
    | 'foreign'
    | 'outdated'
  /** One sentence. */
  message: string
  /** What to type next. */
  command?: string
  peer?: string
  otherPeer?: string
  run?: string
  task?: string
  queue?: string
  since?: string
}

export interface MeshStatusView {
  ledger: { kind: string; incarnation: string; location: string; roundTripMs: number }
  peers: PeerView[]
  /** Peers that said goodbye within the last hour and did not come back. */
  left: GonePeerView[]
  /** Ready tasks per queue. */
  backlog: Record<string, number>
  /** Queues with ready tasks that no live peer serves. */
  unservedQueues: string[]
  runs: RunView[]
  /** The worst first; empty when all is well. */
  troubles: TroubleView[]
  metrics: {
    /** Claims tried per claim won, all live peers; null when nothing was claimed yet. */
    claimAttemptsPerWin: number | null
    /** Milliseconds from ready to claimed, median and 99th percentile of recent tasks; null when none. */
    readyToClaimedP50Ms: number | null
    readyToClaimedP99Ms: number | null
    /** Bytes of input per attempt that were on its host, or in the ledger, and that had to be pulled; all live peers, null when none began. */
    localBytesPerAttempt: number | null
    pulledBytesPerAttempt: number | null
    /** What the live peers told each other since they started, all of them together. */
    hints: HintMetrics
  }
}

export interface HintMetrics {
  /** Hints sent, each counted once, however many peers hear it. */
  published: number
  /** Hints taken from others: with n peers and nothing lost, n - 1 for each that was published. */
  received: number
  /** Messages from others that were turned away: of strangers or former sessions, repeated, too many at once, malformed. */
  refused: number
  /** Hints given up before they were sent: too many waited. */
  dropped: number
  /** Messages that reached no peer. */
  toNobody: number
}

/** A peer, as somebody named it. */
export interface NamedPeerView {
  /** libp2p peer id. */
  peer: string
  session: string
  name: string
  host: string
  pid: number
}

/** A task that a peer holds, or held. */
export interface HeldTaskView {
  /** `run/dag:n/task`. */
  id: string
  run: string
  /** `dag:n/task`. */
  task: string
  state: TaskState
  effect: Effect
  /** For ready tasks: not claimed earlier. */
  notBefore?: string
  /** For claimed tasks: who runs it now. */
  peer?: string
}

export interface PeerWorkView extends NamedPeerView {
  tasks: HeldTaskView[]
}

export interface DrainView extends NamedPeerView {
  /** `left`: it drained and said goodbye. `dead`: it was buried before. */
  state: 'draining' | 'left' | 'dead'
  /** The peer has read the request. */
  heard: boolean
  askedBy: string | null
  /** Ids of the tasks that it still holds. */
  running: string[]
  /** Milliseconds without a beat; 0 while it is well. */
  silentMs: number
  /** Its queues that no other live peer serves. */
  unservedQueues: string[]
  /**
   * Payloads that only it held and live runs need: given to other peers, and not (yet). Absent while it has none of them, or has not looked.
   */
  payloads?: { handedOn: number; leaving: number }
  deathProof?: string
}

export interface EvictView extends NamedPeerView {
  evictedBy: string
  /** What it held, and what became of it. */
  tasks: HeldTaskView[]
}

export interface ResolveView {
  run: string
  /** `dag:n/task`. */
  task: string
  decision: 'run-again' | 'give-up'
  /** Of the task, afterwards. */
  state: TaskState
}

export interface StopView {
  run: string
  /** False when it had ended before. */
  stopped: boolean
  state: RunState
}

export type MeshEventKind =
  | 'run-submitted'
  | 'run-started'
  | 'run-stopping'
  | 'run-ended'
  | 'task-queued'
  | 'task-started'
  | 'task-succeeded'
  | 'task-skipped'
  | 'task-failed'
  | 'task-stopped'
  | 'task-aborted'
  | 'task-cancelled'
  | 'task-retried'
  | 'task-released'
  | 'task-taken-over'
  | 'task-lost'
  | 'task-quarantined'
  | 'peer-joined'
  | 'peer-draining'
  | 'peer-left'
  | 'peer-silent'
  | 'peer-back'
  | 'peer-dead'
  | 'peer-evicted'

/** One line of `lf monitor`. Which fields are there depends on the event. */
export interface MeshEventView {
  at: string
  event: MeshEventKind
  /** Something went wrong, even if it was mended. */
  bad?: true
  run?: string
  workflow?: string
  /** `name:n`. */
  dag?: string
  task?: string
  queue?: string
  /** Name of the peer. */
  peer?: string
  session?: string
  host?: string
  epoch?: number
  /** Of a run that ended. */
  state?: RunState
  durationMs?: number
  error?: ErrorRecord
  /** Who submitted, stopped, asked or buried. */
  by?: string
  /** How a death is known. */
  proof?: string
}

export interface MonitorBatch {
  /** In the order in which they happened; may be empty. */
  events: MeshEventView[]
  livePeers: number
  runningRuns: number
  /** Why the ledger could not be read this time; what was missed is told later. */
  failing: ErrorRecord | null
}
