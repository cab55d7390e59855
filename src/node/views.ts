/**
 * What Lightflow shows of itself: the shapes of the library's answers and, unchanged, of `--json`. Scripts rely on them: fields are
 * added, never renamed or removed. Times are ISO 8601 texts in UTC, durations milliseconds.
 */
import type { ErrorRecord } from '../core/errors.ts'
import type { AttemptEnd, DagState, RunState, TaskState } from '../lease/records.ts'

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

export interface StartView {
  run: string
  workflow: string
  /** With `--wait`. */
  state?: RunState
  durationMs?: number
  /** Live peers that could run it; 0 = it waits for the first one. */
  peers: number
  /** Queues of the workflow that no live peer serves. */
  unservedQueues: string[]
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

export interface PeerView {
  /** libp2p peer id. */
  peer: string
  session: string
  name: string
  host: string
  pid: number
  state: 'alive' | 'draining' | 'dead'
  queues: string[]
  capacity: number
  busy: number
  /** Names of the peers that it has a connection to. */
  connected: string[]
  lastBeatAt: string
  startedAt: string
  version: string
  /** Runs and DAG copies that it supervises, `run/dag:n`. */
  supervises: string[]
  /** Task ids that it runs now. */
  running: string[]
  /** For dead peers: when and how we know. */
  deadAt?: string
  deathProof?: string
}

export interface MeshStatusView {
  ledger: { kind: string; incarnation: string; location: string }
  peers: PeerView[]
  /** Ready tasks per queue. */
  backlog: Record<string, number>
  /** Queues with ready tasks that no live peer serves. */
  unservedQueues: string[]
  runs: RunView[]
  metrics: {
    /** Claims tried per claim won, all live peers; null when nothing was claimed yet. */
    claimAttemptsPerWin: number | null
    /** Milliseconds from ready to claimed, median and 99th percentile of recent tasks; null when none. */
    readyToClaimedP50Ms: number | null
    readyToClaimedP99Ms: number | null
  }
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
