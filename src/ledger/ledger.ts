/**
 * The ledger port: the only truth. Each operation is atomic, safe to repeat, and decides on its own whether it is still legal;
 * a caller never reads first and then writes what it read. Adapters (`memory/`, `sqlite/`, `mongo/`) are named by `node/` only;
 * everybody else asks `traits`, never a name.
 *
 * The room owns durability and atomicity. It never decides who should claim or when a peer is dead (`lease/`, `supervisor/` do),
 * never runs user code, and never talks to peers.
 *
 * Every operation may throw a LightflowError: `LF_LEDGER_UNAVAILABLE` when the outcome is not known (the caller resolves it by
 * repeating the call with the same ids), or the operation's own codes, named at each one.
 */
import type { ErrorRecord } from '../core/errors.ts'
import type {
  Claim,
  DagRecord,
  DeathProof,
  PayloadRef,
  RunRecord,
  RunState,
  SessionBeat,
  SessionHead,
  SessionRecord,
  StopRecord,
  TaskRecord,
  TaskState,
} from '../lease/records.ts'
import type { InputLoss } from '../lease/lost-inputs.ts'
import type { OutputName } from '../lease/note-holder.ts'
import type { Resolution } from '../lease/resolve-task.ts'
import type { StoreSection, StoreWrite } from '../lease/store-write.ts'
import type { WorkflowPlan } from '../workflow/plan.ts'

export interface LedgerTraits {
  /** For display. */
  kind: 'memory' | 'sqlite' | 'mongodb'
  /** `probe` can prove that a process is gone, without waiting for a TTL. */
  provesDeath: boolean
  /** All peers are on one host: they see the same files. */
  oneHost: boolean
  /** A completion can hand on tasks that were waiting before it, in the same step. */
  handsOnWaiting: boolean
  /** A completion can claim successors for other sessions, in the same step. */
  passesOn: boolean
}

export interface Ledger {
  readonly traits: LedgerTraits
  /** Changes when the ledger is restored from a backup; part of every topic and protocol id. */
  readonly incarnation: string
  close(): Promise<void>

  // sessions
  /**
   * Registers a session (`alive`, beat 0) and takes its liveness lock. Earlier sessions of the same peer id are buried with
   * proof `restart` when they are proven gone; `LF_PEER_ALREADY_RUNNING` when one is still alive.
   */
  openSession(session: NewSession): Promise<SessionRecord>
  /**
   * Proof of life. `buried` and `evicted` are final: the session is over and none of its claims holds. An evicted peer was sent away by
   * a person and does not come back by itself.
   */
  beat(session: string, beat: number, report: BeatReport): Promise<'ok' | 'buried' | 'evicted'>
  /** Notes in the session that its peer is to drain; the peer finds it there. False when the session is over. Repeating it changes nothing. */
  requestDrain(session: string, by: string): Promise<boolean>
  /** Says goodbye: `dead` with proof `left`. Open claims stay for `reclaim`. Repeating it changes nothing. */
  closeSession(session: string): Promise<void>
  /** The death certificate: only when the session's beat is still `seenBeat`. Exactly one caller gets true. */
  bury(session: string, seenBeat: number, proof: DeathProof, by: string): Promise<boolean>
  /** What the operating system says of the processes behind these sessions. */
  probe(sessions: readonly string[]): Promise<ProbeResult[]>
  /** All sessions that are not dead, and those that died after `deadSinceMs` (wall clock), with all that is known of them: for people. */
  sessions(deadSinceMs?: number): Promise<SessionRecord[]>
  /** Of all sessions that are not dead what changes from beat to beat: what every peer reads at each look, so as little as will do. In no order. */
  sessionBeats(): Promise<SessionBeat[]>
  /** The heads of those of these sessions that are not dead, or of all that are not. In no order. */
  sessionHeads(ids?: readonly string[]): Promise<SessionHead[]>

  // runs
  /**
   * Run, its autostart DAGs and their first ready tasks, all or nothing; nothing can fail later. Tasks of large DAGs that are written after
   * that (`settle`) are `blocked` for who reads. `LF_RUN_EXISTS` when the id is taken by another submission.
   * With `retryOf` it begins with what that run had finished (its DAGs, the outputs of their tasks, its store): `LF_UNKNOWN_RUN`,
   * `LF_RUN_NOT_ENDED`, `LF_RUN_SUCCEEDED`, `LF_RETRY_CHANGED` when the plan has not the same DAGs, `LF_RUN_RETRIED` while another retry of
   * it, or of a run that it tries again itself, is running or has succeeded: at most one of them runs at any time.
   * `onVisible`: peers see the run now, a moment before it is known to be kept. Not all ledgers tell so.
   */
  submit(run: NewRun, onVisible?: () => void): Promise<RunRecord>
  /**
   * Starts a copy of a DAG and returns its name. The same starter with the same key gets the copy that exists.
   * `LF_CLAIM_LOST`, `LF_UNKNOWN_DAG`, `LF_RUN_STOPPING`.
   */
  startDag(start: NewDag): Promise<string>
  /** Nothing new starts in the run; what waits is cancelled. False when the run had ended. `LF_UNKNOWN_RUN`. */
  stopRun(run: string, stop: StopRecord): Promise<boolean>
  /** The same for one copy of a DAG. */
  stopDag(run: string, dag: string, stop: StopRecord): Promise<boolean>

  // tasks
  /** Ready tasks that may be claimed now, best first, and when the next one comes due. */
  peekReady(queues: readonly string[], limit: number): Promise<ReadyList>
  /** Tries each claim; the reply says which were won, with all that is needed to run them. `LF_SESSION_BURIED`. */
  claim(session: string, claims: readonly ClaimRequest[]): Promise<ClaimedTask[]>
  /**
   * Records how an attempt ended and advances its successors, DAG and run, in one step. `accepted: false` when the claim is no
   * longer current: the result is discarded. A repeated call with the same claim is accepted again and changes nothing.
   * `onForeseen` is told, at most once and only before the answer, what is being handed on of tasks that may be prepared early, and passed on
   * of those that may begin early (`lease/decide-early.ts`). It is no answer: the write may still be lost. What these tasks write is judged
   * after it. A ledger whose writes take no time, or more than one step, does not tell.
   */
  complete(claim: Claim, result: AttemptResult, handOn?: HandOn, onForeseen?: OnForeseen): Promise<Completion>
  /**
   * Inputs of a claimed task cannot be had from anybody: the tasks that made them run again and this one waits for them, in one step;
   * what is made again already is only waited for. The task fails when one of them must not run again (`exclusive`) or did so too often.
   * `accepted: false` when the claim is no longer current. Repeating it changes nothing.
   */
  loseInputs(claim: Claim, loss: InputLoss): Promise<Completion>
  /**
   * This peer (id) holds what these attempts left, beside those that are named: it ranks as near to it and is asked for it. What was made anew
   * since, and what names many already, stays as it is. Repeating it changes nothing.
   */
  noteHolder(peer: string, outputs: readonly OutputName[]): Promise<void>
  /** Gives a claimed task back unfinished. False when the claim was not current. */
  release(claim: Claim, release: ReleaseRequest): Promise<boolean>
  /** Takes the tasks of dead or missing sessions away from them (at most `limit`). Safe to call by everybody, at any time. */
  reclaim(limit: number): Promise<ReclaimedTask[]>
  /**
   * Carries out what others recorded and did not live to finish: successors to tell, DAGs to start or to end, stops to carry through (at
   * most `limit` of them). Returns how many it finished. Safe to call by everybody, at any time. Ledgers with transactions leave
   * nothing unfinished but tasks of large DAGs that are to be written, of which they write a few thousand: `limit` when there are more.
   * `run`: only such tasks, and only of this run. `onEnded` is told of what had ended by that.
   */
  settle(limit: number, run?: string, onEnded?: (ended: Ended) => void): Promise<number>
  /** How these claims stand, in the same order. */
  verify(claims: readonly Claim[]): Promise<ClaimStanding[]>
  /** All tasks that this session holds, as the ledger knows it: what it does not run itself, it gives back. */
  claimsOf(session: string): Promise<Claim[]>
  /**
   * The tasks that others claimed for this session (`HandOn.passOn`) and that it still holds, but for those with these claim ids: with all that
   * is needed to run them, as they stand at this moment and not a moment ago. None without the trait `passesOn`. `kept`: claim ids of which their
   * giver has said that they are on the disk, which is not waited for again then; a ledger on one host tells of no others.
   */
  passedTo(session: string, except: readonly string[], kept?: readonly string[]): Promise<ClaimedTask[]>
  /** What another peer's ledger wrote for this one's (`PassedTask.word`), read without asking anybody; undefined: that is to be asked. */
  readPassed(session: string, row: Uint8Array): ClaimedTask | undefined
  /** An operator's decision about a `lost` task. False when it is not lost (any more). `LF_UNKNOWN_TASK`. */
  resolve(task: string, resolution: Resolution, by: string): Promise<boolean>

  // store: a run's shared data, by dotted path
  /** Undefined when nothing is there. A prefix returns the object below it. */
  storeGet(run: string, section: StoreSection, path: string): Promise<unknown>
  /**
   * Refused with `LF_CLAIM_LOST` unless the claim is current; `LF_STORE_TYPE` when the value there is of another type. A caller that may
   * repeat an unanswered write names it: the same `operationId` again is the same write, so that nothing is appended or counted twice.
   */
  storeWrite(claim: Claim, write: StoreWrite, operationId?: string): Promise<void>

  // bundles: a workflow's code
  putBundle(hash: string, bytes: Uint8Array): Promise<void>
  getBundle(hash: string): Promise<Uint8Array | undefined>

  // reads for people
  run(run: string): Promise<RunRecord | undefined>
  /** Newest first. */
  runs(filter: RunFilter): Promise<RunRecord[]>
  /** Without the plans of its DAGs: cheap, however large the run is. */
  runHead(run: string): Promise<RunHead | undefined>
  /** The same with how its tasks stand, in one question: the counts of a run that has ended are those of its end. */
  runProgress(run: string): Promise<RunProgress | undefined>
  /** Newest first. */
  runHeads(filter: RunFilter): Promise<RunHead[]>
  dags(run: string): Promise<DagRecord[]>
  /** States of these DAG copies, in the same order; undefined for one that does not exist. */
  dagStates(run: string, dags: readonly string[]): Promise<(DagRecord['state'] | undefined)[]>
  /** DAG copies that this task started. */
  dagsStartedBy(task: string): Promise<string[]>
  /** In order of definition; of one DAG copy, or of all. */
  tasks(run: string, dag?: string): Promise<TaskRecord[]>
  task(id: string): Promise<TaskRecord | undefined>
  taskCounts(run: string): Promise<Partial<Record<TaskState, number>>>
  /** How the tasks of each DAG copy stand, in no order. Equal progress means that nothing happened in between. */
  dagProgress(run: string): Promise<DagProgress[]>
  /** State and epoch alone of each task of a DAG copy, in no order: cheap, and who knows them from before sees which tasks to read. */
  taskStates(run: string, dag: string): Promise<TaskStanding[]>
  /** At most `limit` tasks of a run that are in one of these states, in order of definition. */
  tasksIn(run: string, states: readonly TaskState[], limit: number): Promise<TaskRecord[]>
  /** Number of ready tasks per queue. */
  backlog(): Promise<Record<string, number>>
}

/** A run without the blueprints of its DAGs, which may be large and are kept as rows of their own. */
export type RunHead = Omit<RunRecord, 'plan'> & { plan: Omit<WorkflowPlan, 'dags'> }

export interface RunProgress {
  head: RunHead
  counts: Partial<Record<TaskState, number>>
}

export interface RunFilter {
  states?: readonly RunState[]
  workflow?: string
  /** Only runs that nobody has asked to stop, and none of whose tasks has failed. */
  unstopped?: boolean
  limit: number
}

export type TaskStanding = Pick<TaskRecord, 'id' | 'state' | 'epoch'>

export interface DagProgress {
  dag: string
  counts: Partial<Record<TaskState, number>>
  /** Sum of the epochs of its tasks: tells a task that was given back and claimed again, which the counts do not. */
  epochs: number
}

export type NewSession = Pick<
  SessionRecord,
  'id' | 'peer' | 'name' | 'host' | 'pid' | 'kind' | 'ttlMs' | 'addrs' | 'queues' | 'capacity' | 'version' | 'labels'
>

export interface BeatReport {
  busy: number
  draining: boolean
  stats?: Record<string, number>
  /** Absent: as the session's last beats told. */
  connected?: string[]
  addrs?: string[]
}

/** A copy of a DAG that has ended, and its run, when that has ended with it. */
export interface Ended {
  run: string
  dagEnded: string | null
  runEnded: RunState | null
}

export interface ProbeResult {
  session: string
  verdict: 'alive' | 'gone' | 'unknown'
}

export interface NewRun {
  id: string
  plan: WorkflowPlan
  bundle: string
  /** Of the bundle, for a ledger that may not have it yet: who sees the run finds it there. */
  code?: Uint8Array
  args: Record<string, string | number | boolean>
  submittedBy: string
  keepData: boolean
  priority: number
  /** Replaces the default queue: of every task for which neither itself nor its DAG names one. */
  queue: string | null
  /** The run that this one tries again. */
  retryOf?: string
  /** Although another retry of it has succeeded. */
  again?: boolean
}

export interface NewDag {
  claim: Claim
  blueprint: string
  starterKey: string
  data: PayloadRef | null
}

export interface ReadyTask {
  id: string
  run: string
  queue: string
  priority: number
  epoch: number
  /** Peer ids that already hold input bytes, with how many. */
  inputs: { holder: string; sizeBytes: number }[]
}

export interface ReadyList {
  tasks: ReadyTask[]
  /** Wall clock of the next task that becomes due; null when none waits. */
  nextDueAt: number | null
}

export interface ClaimRequest {
  task: string
  claimId: string
}

/** `current`: go on. `stopping`: still held, but its run or DAG was asked to stop. `lost`: somebody else may have the task. */
export type ClaimStanding = 'current' | 'stopping' | 'lost'

export interface TaskInput {
  /** Name of the predecessor. */
  task: string
  slot: string | null
  payload: PayloadRef
  /** Of the attempt that left it. */
  epoch: number
}

/** A task that this session holds, with everything that an attempt needs. */
export interface ClaimedTask {
  claim: Claim
  task: TaskRecord
  run: Pick<RunRecord, 'id' | 'workflow' | 'bundle' | 'args'>
  blueprint: string
  /** One per predecessor that was not skipped, in order of definition. */
  inputs: TaskInput[]
  /** For tasks without predecessors: the DAG's start data. */
  start: PayloadRef | null
}

export interface AttemptResult {
  outcome: 'done' | 'stopped' | 'failed' | 'aborted' | 'timed-out'
  out: PayloadRef | null
  /** Direct successors that may run; null = all. */
  limit: string[] | null
  /** For `stopped`: whether the direct successors are skipped. */
  skipSuccessors: boolean
  error: ErrorRecord | null
}

/** Claim up to `claimIds.length` ready tasks in the same step as the completion. */
export interface HandOn {
  session: string
  queues: readonly string[]
  claimIds: readonly string[]
  choice: HandOnChoice
  /**
   * For tasks that will wait a moment until the session has a place for them. Only the front of the line of what is ready is claimed so, as far
   * as it belongs to the DAG copy of the completed task, and nothing for which waiting with a peer that may die is too much: no exclusive
   * task, and none that has seen a peer die. A ledger without the trait `handsOnWaiting` gives none.
   */
  aheadIds?: readonly string[]
  /** Successors that the session does not serve may be claimed for others. A ledger without the trait `passesOn` claims none so. */
  passOn?: PassOn
}

/**
 * Claims for others: up to `claimIds.length` successors that this completion made ready. Which of them, and for whom, is decided by
 * `lease/decide-passing.ts`; each claim is checked as any other, and no session gets more than it has places, by what it holds in the ledger.
 */
export interface PassOn {
  claimIds: readonly string[]
  to: readonly Receiver[]
}

/** Somebody who has places free, as far as is known. */
export interface Receiver {
  session: string
  places: number
}

/**
 * What may be handed on: the successors that this completion made ready; those first, then what has been waiting; or, without favour, the
 * most urgent ones, the longest ready first. A ledger without the trait `handsOnWaiting` has nothing but successors to give.
 */
export type HandOnChoice = 'successors' | 'successors-first' | 'in-turn'

export interface Completion {
  accepted: boolean
  /** The task's state afterwards: `ready` when it will be repeated. */
  state: TaskState
  /** Successors that became ready and were not handed on: for telling of them, so where their inputs are need not be said. */
  ready: Omit<ReadyTask, 'inputs'>[]
  handedOn: ClaimedTask[]
  /** Successors that were claimed for others, who do not know of it yet. */
  passedOn: PassedTask[]
  /** Name of the DAG copy, when this ended it. */
  dagEnded: string | null
  /** Its final state, when this ended the run. */
  runEnded: RunState | null
}

/** Of a completion, what may be prepared or begin early. `handsOn`: something is handed on, whether or not it may. */
export type Foreseen = Pick<Completion, 'handedOn' | 'passedOn'> & { handsOn: boolean }

/** Must not throw. */
export type OnForeseen = (foreseen: Foreseen) => void

export interface PassedTask {
  claim: Claim
  session: string
  /** Peer id of the session. */
  peer: string
  /** With all that is needed to run it, where that is little; of one that may begin early it is told beforehand. */
  early?: ClaimedTask
  /** Of its session, before the claim was made. */
  beat?: number
  /** For that peer, of a claim that is known to be kept; absent where it has to ask. */
  word?: PassedWord
}

/** All that a peer needs to know of a task that is claimed for it, but for how old that is, which it tells by `beat`. */
export interface PassedWord {
  /** Of its session, as the ledger showed it before the claim was made. */
  beat: number
  /** For `readPassed`. */
  row: Uint8Array
}

export interface ReleaseRequest {
  reason: string
  /** Wall clock: not claimed again earlier. */
  notBefore: number | null
  /** Does not count as an attempt (drain, cannot run here). */
  uncounted: boolean
  /** The body may have begun: an exclusive task then becomes `lost` instead of ready. */
  begun?: boolean
}

export interface ReclaimedTask {
  task: string
  run: string
  from: string
  /** `ready`: may be claimed again; `lost`: waits for an operator; `failed`: quarantined. */
  state: TaskState
  queue: string
}
