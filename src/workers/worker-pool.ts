/**
 * The worker port: runs the body of a task away from the peer's own thread. User code may block, throw anything, leak or exit:
 * none of it may touch the peer. The room owns threads and processes. It never claims, never records an outcome and never reads
 * the ledger: what a task asks of the mesh goes through the {@link JobHost} of its attempt.
 */
import type { ErrorRecord } from '../core/errors.ts'
import type { StoreSection, StoreWrite } from '../lease/store-write.ts'
import type { FileSource, NamedFile } from '../tasks/named-file.ts'

/** What a callback sees as `context`. */
export interface JobContext {
  taskName: string
  dagName: string
  workflowName: string
  runId: string
  peerName: string
  peerHost: string
  /** Counted from 1. */
  attempt: number
  /** Grows with every claim: hand it to whatever can check it. */
  epoch: number
  /** A folder of this attempt's own, removed afterwards. */
  scratch: string
}

export interface JobInput {
  task: string
  slot: string | null
  /** Encoded dataset (`protocols/dataset.ts`). */
  bytes: Uint8Array
}

export interface Job {
  /** Path of the bundle file that holds the workflow. */
  bundleFile: string
  /** Name of the DAG in the workflow (the blueprint, not the copy). */
  blueprint: string
  task: string
  inputs: JobInput[]
  /** Start data of the DAG for tasks without predecessors, encoded; null = none. */
  start: Uint8Array | null
  context: JobContext
}

/** What a task may ask for while it runs. Every call may be refused with a LightflowError. */
export interface JobHost {
  storeGet(section: StoreSection, path: string): Promise<unknown>
  storeWrite(write: StoreWrite): Promise<void>
  /** Starts a copy of another DAG with this encoded start data; returns the copy's name. */
  startDag(blueprint: string, data: Uint8Array | null, key?: string): Promise<string>
  /** Resolves when the named copies (null: all that this task started) have ended. */
  joinDags(names: string[] | null): Promise<boolean>
  stopDag(name: string | null): Promise<void>
  stopWorkflow(): Promise<void>
  /** This peer gives the file to others for as long as the run needs it; its peer id, or null when nobody could ask for it. */
  nameFile(file: NamedFile): Promise<string | null>
  /** Path of a verified, read-only copy of a file that another host has. */
  fetchFile(file: NamedFile, source: FileSource): Promise<string>
  /** A line of output; not part of the data. */
  output(stream: 'stdout' | 'stderr', line: string): void
}

export interface JobResult {
  /** `handed-over`: the attempt is over, the task is to be given back. */
  outcome: 'done' | 'stopped' | 'failed' | 'aborted' | 'timed-out' | 'handed-over'
  /** Encoded dataset that the successors receive; null when there is none. */
  bytes: Uint8Array | null
  limit: string[] | null
  skipSuccessors: boolean
  error: ErrorRecord | null
  /** How long the body took where it ran: neither what loading the workflow took nor the way there and back. Absent where that is not known. */
  ranMs?: number
}

export interface RunningJob {
  /** Settles exactly once, also after `kill`. Rejects only for faults of the pool itself. */
  readonly result: Promise<JobResult>
  /** Flags `signal.isStopped`: the task may finish what it does. */
  stop(): void
  /** Flags `signal.isDraining`: a task that would take hours may give itself back. */
  drain(): void
  /** Aborts `signal.abort`, and after `graceMs` ends the worker whatever it does. The result is `aborted` with this error. */
  kill(error: ErrorRecord, graceMs: number): void
}

/** A job that waits in a worker behind the one that runs there. */
export interface LinedUpJob extends Omit<RunningJob, 'result'> {
  /** As that of a running job; null when it comes back: it has not begun, and does not begin here any more. */
  readonly result: Promise<JobResult | null>
  /** It comes back, or came back before, unless it has begun: then false, and all there is to know of that was told before. `kill` does the same first. */
  takeBack(): boolean
}

export interface LineUp {
  /** The one before it has ended: it is its turn. Called at most once; it may still come back, when the worker ends before it has begun. */
  onTurn: () => void
  /** For how long from now the job may begin; what would begin later comes back. */
  mayBeginForMs: () => number
}

export interface WorkerPool {
  start(job: Job, host: JobHost): RunningJob
  /**
   * Gives a job to a worker that is busy with another one of the same bundle, so that it goes on by itself; null when there is none with room.
   * A pool without it has workers that nobody could wait in.
   */
  lineUp?(job: Job, host: JobHost, lineUp: LineUp): LinedUpJob | null
  /** Ends all workers. Safe to call twice. */
  close(): Promise<void>
}
