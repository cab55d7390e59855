/** What a command or a script can ask of Lightflow: everything needs only the ledger, no peer has to be alive. */
import type {
  BrokenWorkflowView,
  DrainView,
  EvictView,
  MeshEventView,
  MeshStatusView,
  MonitorBatch,
  PeerView,
  PeerWorkView,
  ResolveView,
  ResultView,
  RetryView,
  RunDetailsView,
  RunView,
  StartView,
  StopView,
  StoredView,
  WorkflowView,
} from './views.ts'

export interface ClientOptions {
  /** `sqlite:PATH`; default: `$LF_LEDGER`, else a file in the home folder. */
  ledger?: string
  /** Default: `$LF_HOME`, else the XDG data folder. */
  home?: string
  /** Folders searched for workflows by name; default: `$LF_WORKFLOWS` (colon-separated), else `./workflows`. */
  workflowFolders?: string[]
}

export interface StartOptions {
  /** As typed: `key=value` texts; converted and checked by the workflow's options. */
  args?: Record<string, string | number | boolean>
  queue?: string
  priority?: number
  keepData?: boolean
}

export interface RetryOptions {
  /** Name or file of the workflow, corrected, with the same DAGs, tasks and edges; default: the code that the old run had. */
  workflow?: string
  /** Also when another retry of the run has succeeded. */
  again?: boolean
  /** Exclusive tasks that were begun in the old run may run again. */
  exclusiveAgain?: boolean
}

export interface RunsOnly {
  workflow?: string
  /** Only runs that nobody has asked to stop. */
  unstopped?: boolean
}

export interface Client {
  /** Workflows in the folders, by name, and the files that cannot be loaded. */
  workflows(): Promise<{ workflows: WorkflowView[]; broken: BrokenWorkflowView[] }>
  /** Submits a workflow by name or file. Nothing is submitted when anything is wrong with it. */
  start(nameOrFile: string, options?: StartOptions): Promise<StartView>
  /**
   * Tries a run again that failed, was aborted or was stopped: as a new run, which takes over what the old one had finished.
   * `LF_UNKNOWN_RUN`, `LF_RUN_NOT_ENDED`, `LF_RUN_SUCCEEDED`, `LF_RUN_RETRIED`, `LF_RETRY_CHANGED`, `LF_RETRY_PAYLOADS`, `LF_RETRY_EXCLUSIVE`
   * (with `facts.tasks`, the exclusive tasks that would run twice).
   */
  retry(run: string, options?: RetryOptions): Promise<RetryView>
  /** Newest first; of all states, or of these. */
  runs(limit?: number, states?: readonly RunView['state'][], only?: RunsOnly): Promise<RunView[]>
  /** `LF_UNKNOWN_RUN` names the most similar run. */
  run(run: string): Promise<RunView>
  show(run: string): Promise<RunDetailsView>
  /** A task by name (`task`, `dag/task` or `dag:n/task`); without one, the last tasks of the autostart DAGs. */
  results(run: string, task?: string): Promise<ResultView[]>
  /**
   * What is in the store of a run at a dotted path, also while it runs; below a prefix an object, undefined where nothing is. The data of a run
   * that has succeeded is gone, unless it was started with `keepData`. `LF_UNKNOWN_RUN`, `LF_STORE_PATH`.
   */
  stored(run: string, path: string): Promise<StoredView>
  stop(run: string): Promise<StopView>
  /**
   * Decides about a lost task (an exclusive one whose peer died): `run-again` or `give-up`, which fails the run.
   * `LF_UNKNOWN_TASK`; `LF_TASK_NOT_LOST` when there is nothing to decide.
   */
  resolve(run: string, task: string, decision: 'run-again' | 'give-up'): Promise<ResolveView>
  meshStatus(): Promise<MeshStatusView>
  /** The live peers, and the dead that somebody may miss; as in `meshStatus`. */
  peers(): Promise<PeerView[]>
  /**
   * A live peer by name, session id, or the beginning of its session or peer id, and what it holds. `LF_UNKNOWN_PEER`, `LF_PEER_AMBIGUOUS`,
   * `LF_PEER_GONE`.
   */
  peer(peer: string): Promise<PeerWorkView>
  /** Asks a peer to drain and does not wait for it. Besides the codes of `peer`: `LF_PEER_PROCESS_GONE`. */
  drain(peer: string): Promise<DrainView>
  /** Resolves when the session is over (or `signal` aborts). */
  waitUntilLeft(
    session: string,
    options?: { signal?: AbortSignal; onProgress?: (view: DrainView) => void },
  ): Promise<DrainView>
  /** Buries a peer now. What it held is taken over, or lost; a peer that lives ends itself at its next beat. */
  evict(peer: string): Promise<EvictView>
  /** Resolves when the run ended (or `signal` aborts); `onProgress` is called on every change. */
  wait(run: string, options?: { signal?: AbortSignal; onProgress?: (run: RunView) => void }): Promise<RunView>
  /**
   * Lines that tasks wrote on this host, in the order of their attempts; with `follow` also those that they write from now on, as they come,
   * until the run has ended or `signal` aborts. `LF_UNKNOWN_TASK`.
   */
  logs(run: string, task?: string, options?: { follow?: boolean; signal?: AbortSignal }): AsyncIterable<LogLine>
  /** Other hosts on which the tasks ran: their output is kept there. */
  logsElsewhere(run: string, task?: string): Promise<string[]>
  /**
   * What happens in the mesh, batch by batch (one every half second or so, also empty ones), until `signal` aborts. Nothing is missed
   * between two batches. `sinceMs` (wall clock): begin with what happened then; default: now.
   */
  monitor(options: { signal: AbortSignal; sinceMs?: number; run?: string }): AsyncIterable<MonitorBatch>
  /**
   * The same one by one, in the order in which they happened, until `signal` aborts or the loop is left. With `run`: the events of that run
   * alone, from its beginning, until it has ended. While the ledger does not answer nothing comes; nothing is missed by it.
   */
  events(options?: { signal?: AbortSignal; sinceMs?: number; run?: string }): AsyncIterable<MeshEventView>
  close(): Promise<void>
}

export interface LogLine {
  dag: string
  task: string
  epoch: number
  stream: 'stdout' | 'stderr'
  line: string
}

export interface NodeOptions extends ClientOptions {
  /** Default: the host's name, with a number when it is taken on this machine. */
  name?: string
  queues?: string[]
  /** How much it has of what tasks need, by name: `{ gpu: 2 }`. */
  resources?: Record<string, number>
  /** Tasks at once; default: the number of CPUs. */
  capacity?: number
  /** Multiaddrs to listen on; default: all interfaces, a free port. */
  listen?: string[]
  announce?: string[]
  /** Multiaddrs of known peers, dialled besides those in the ledger. */
  join?: string[]
  mdns?: boolean
  /** Tests only: hints off, the mesh then lives on sweeps alone. */
  gossip?: boolean
  labels?: Record<string, string>
  /** Ends the wait for a ledger that is not there yet, or for an earlier session of this peer to count as dead. */
  signal?: AbortSignal
}

/** A running peer in this process. */
export interface PeerHandle {
  readonly name: string
  readonly peer: string
  readonly session: string
  readonly ledger: string
  addrs(): string[]
  /** Number of attempts that it holds now. */
  attempts(): number
  /** Threads of tasks that could not be ended: `process.exit` would wait for them for ever. */
  stuckThreads(): number
  /** Claims nothing new, finishes what runs, leaves. */
  drain(): Promise<void>
  /** Leaves at once: running attempts are given back. */
  stop(): Promise<void>
  /** Settles when the peer has left, for whatever reason; rejects when it had to give up, was evicted (`LF_EVICTED`), or its sources changed (`LF_SOURCES_CHANGED`). */
  readonly closed: Promise<void>
  /** Resolves with who asked, when somebody asked it to drain through the ledger; it drains by itself then. */
  readonly drainAsked: Promise<string>
}
