/**
 * One attempt at one task, from the claim to the record: inputs fetched, body run in a worker, output kept, outcome recorded,
 * successors advanced. The claim is the fence: once it is lost, nothing of this attempt is recorded any more.
 */
import { type ErrorRecord, hasCode, LightflowError, toErrorRecord } from '../core/errors.ts'
import type { Clock, Timer } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Random } from '../core/random.ts'
import type { AttemptResult, ClaimedTask, Completion, HandOn, Ledger, OnForeseen, TaskInput } from '../ledger/ledger.ts'
import type { AwaitedInput, PayloadRef } from '../lease/records.ts'
import { type PayloadStore, undecidedHolders } from '../payload/payload-store.ts'
import type { FileSource } from '../tasks/named-file.ts'
import type { Job, JobContext, JobHost, JobInput, JobResult, RunningJob, WorkerPool } from '../workers/worker-pool.ts'
import { taskId } from '../../protocols/ids.ts'
import { MAX_INLINE_PAYLOAD_BYTES } from '../../protocols/limits.ts'
import { fetchInputs } from './fetch-inputs.ts'
import type { Timing } from './timing.ts'
import { type RetryParts, untilAnswered, untilFreshlyAnswered } from './until-answered.ts'

/** What is done instead of recording the outcome. */
export type Ending =
  /** The claim is lost: forget everything. */
  | { kind: 'discard'; error: ErrorRecord }
  /** Give the task back: the peer leaves. */
  | { kind: 'release'; error: ErrorRecord }
  /** This peer could not run it, through no fault of the task: another may. */
  | { kind: 'fault'; error: ErrorRecord }
  /** The task gave itself back: it is begun anew. */
  | { kind: 'hand-over'; error: ErrorRecord }
  /** Inputs cannot be had from anybody. */
  | { kind: 'lost-inputs'; error: ErrorRecord; inputs: AwaitedInput[] }
  /** It took longer than the task allows. */
  | { kind: 'time-out'; error: ErrorRecord }

/** What an attempt that was claimed ahead waits for. */
export interface AttemptTurn {
  /** `line-up`: it may go to a worker that is busy with another one. Resolves at once when it has a place, or is over. */
  next(): Promise<'begin' | 'line-up'>
  /** No place has come for it meanwhile. */
  readonly mayStillLineUp: boolean
  /** It is with a worker; `takeBack`: for a place that is free sooner. */
  linedUp(takeBack: () => boolean): void
  /** The one before it has ended: it gets that one's place. */
  comes(): void
  /** It is not with a worker. */
  cameBack(): void
}

export interface AttemptParts {
  ledger: Pick<Ledger, 'complete' | 'loseInputs' | 'noteHolder' | 'release' | 'traits'>
  payloads: PayloadStore
  workers: WorkerPool
  clock: Clock
  random: Random
  log: Log
  timing: Timing
  /** Path of the file with this bundle, fetched from the ledger when it is not there. */
  bundleFile: (hash: string) => Promise<string>
  /** Path of the attempt's own folder: made by the task when it needs it, removed by the caller. */
  scratchOf: (claimed: ClaimedTask) => string
  /** Whether this peer (id) is alive, as far as is known. */
  isAlive: (peer: string) => boolean
  /** Where copies of a payload may be kept: peers (ids), the best first. */
  copyPlaces: (hash: string) => string[]
  /** Aborts when the peer leaves for good: the ledger is not waited for any more. */
  signal: AbortSignal
  peer: { name: string; host: string }
  /** Its peer id. */
  self: string
  /** All inputs of an attempt are here. */
  onFetched: () => void
}

/** What differs from one attempt to the next. */
export interface AttemptActions {
  /** Whether the session that made the claim is still this peer's and renewed in time: others may have the task otherwise. */
  mayBegin: () => boolean
  /** For how long from now that is so at least. */
  mayBeginForMs: () => number
  /** What the attempt may claim when it completes; null = nothing. */
  handOn: () => HandOn | null
  /** What is being handed on or passed on and may begin early. */
  onForeseen: OnForeseen
  /** It is being ended from outside. */
  onEnded: () => void
  /** Its claim is not known to be in the ledger: whether it is, once that is decided, and whether the body begins before. */
  early?: { kept: Promise<boolean>; begins: boolean }
}

/** Faults of the peer before the body begins are repeated elsewhere, this often; then the task fails with the fault. */
const MAX_FAULTY_STARTS = 5
/** Of one attempt. A body that asks for more files in vain fails by one of them, as a rule one of the first. */
const MAX_LOST_FILES_NOTED = 1000
/** Faults of the worker pool, not of the task. */
const POOL_FAULTS = ['LF_WORKERS_CLOSED', 'LF_WORKER_NOT_STARTED']

export class Attempt {
  readonly claimed: ClaimedTask
  readonly #parts: AttemptParts
  readonly #actions: AttemptActions
  // Signals come into being when somebody asks for them, which is seldom.
  readonly #abort = new AbortController()
  readonly #lost = new AbortController()
  /** Aborts when what there is is to be recorded now. */
  readonly #hurry = new AbortController()
  #job: Omit<RunningJob, 'result'> | null = null
  #begun = false
  #prepared: Promise<Job> | null = null
  #limit: Timer | null = null
  #isOver = false
  #ending: Ending | null = null
  #isRecording = false
  #noted: Promise<void> = Promise.resolve()
  #stopAsked = false
  #drainAsked = false
  #error: ErrorRecord | null = null
  #ranMs: number | null = null
  /** What the body was told of files that cannot be had: several may be asked for at once. */
  readonly #lostFiles: { error: unknown; record: ErrorRecord; source: FileSource }[] = []

  constructor(claimed: ClaimedTask, parts: AttemptParts, actions: AttemptActions) {
    this.claimed = claimed
    this.#parts = parts
    this.#actions = actions
  }

  /** Why it failed or was ended from outside; null while all is well. */
  get error(): ErrorRecord | null {
    return this.#ending?.error ?? this.#error
  }

  /** The body was started: an exclusive task must not be started again. */
  get begun(): boolean {
    return this.#begun
  }

  /** How long the body alone took; null where the worker did not tell, and where its output takes long, too. */
  get ranMs(): number | null {
    return this.#ranMs
  }

  /** Aborts when the attempt is being ended from outside. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Tells the body that its DAG is being stopped; it may finish what it does. */
  stop(): void {
    this.#stopAsked = true
    this.#job?.stop()
  }

  /** The body is told that a file cannot be had; when it fails by this, it is the file that has to be made again. */
  noteLostFile(error: unknown, source: FileSource): void {
    if (this.#lostFiles.length < MAX_LOST_FILES_NOTED) {
      this.#lostFiles.push({ error, record: toErrorRecord(error), source })
    }
  }

  /** Tells the body that the peer is to leave; it may finish what it does, or give itself back. */
  drain(): void {
    this.#drainAsked = true
    this.#job?.drain()
  }

  /**
   * Ends the attempt, whatever the body does. The first reason counts, but a lost claim overrides all. Once the body has ended and
   * its outcome is being recorded there is nothing to end: the ledger judges the claim.
   */
  end(ending: Ending, graceMs = this.#parts.timing.killGraceMs): void {
    this.#hurry.abort()
    if (this.#isRecording || (this.#ending !== null && ending.kind !== 'discard')) return
    this.#ending = ending
    if (ending.kind === 'discard') this.#lost.abort()
    // First: of one that is lined up it is known then whether it has begun.
    this.#job?.kill(ending.error, graceMs)
    this.#abort.abort()
    this.#actions.onEnded()
  }

  /**
   * Resolves when the attempt is over: with what its completion brought, or null when nothing was recorded. With a `turn` it begins when that
   * says so; who ends it before that must see to it that the turn comes, too.
   */
  async run(host: JobHost, turn: AttemptTurn | null = null): Promise<Completion | null> {
    try {
      return await this.#record(await this.#execute(host, turn))
    } finally {
      this.#isOver = true
      this.#limit?.cancel()
      await this.#noted
    }
  }

  async #execute(host: JobHost, turn: AttemptTurn | null): Promise<AttemptResult> {
    try {
      const linedUp = turn === null ? null : await this.#inLine(host, turn)
      if (linedUp !== null) return await this.#keep(linedUp)
      const job = this.#ending === null ? await this.#jobInTime() : null
      // The fence may have been raised while the claim, or an input, was on its way.
      if (!this.#actions.mayBegin()) this.end({ kind: 'release', error: NOT_BEGUN })
      if (this.#ending === null && job !== null) {
        const running = this.#parts.workers.start(job, host)
        this.#begun = true
        this.#hold(running)
        return await this.#keep(await running.result)
      }
    } catch (error) {
      this.#noteFaultyStart(error)
      if (this.#ending === null) return failed(error)
    }
    const ending = this.#ending
    return ending === null ? failed(NOT_BEGUN) : timedOutOr(failed(ending.error), ending)
  }

  /** Resolves when it may begin, or was ended. */
  async #jobInTime(): Promise<Job> {
    const { early } = this.#actions
    this.#countTime()
    const job = await this.#preparedJob()
    if (early?.begins === false && !(await early.kept)) this.end({ kind: 'discard', error: NOT_BEGUN })
    return job
  }

  /** Null: it is to begin in a place of its own, or was ended. */
  async #inLine(host: JobHost, turn: AttemptTurn): Promise<JobResult | null> {
    while ((await turn.next()) === 'line-up' && this.#ending === null) {
      const result = await this.#lineUp(host, turn)
      if (result !== null) return result
      turn.cameBack()
    }
    return null
  }

  async #lineUp(host: JobHost, turn: AttemptTurn): Promise<JobResult | null> {
    const { workers } = this.#parts
    const { mayBeginForMs } = this.#actions
    const job = await this.#preparedJob()
    if (!turn.mayStillLineUp || this.#ending !== null) return null
    const onTurn = (): void => {
      this.#armTimeLimit()
      turn.comes()
    }
    const linedUp = workers.lineUp?.(job, host, { onTurn, mayBeginForMs }) ?? null
    if (linedUp === null) return null
    this.#hold(linedUp)
    turn.linedUp(() => linedUp.takeBack())
    const result = await linedUp.result
    if (result === null) this.#job = null
    else this.#begun = true
    return result
  }

  #hold(job: Omit<RunningJob, 'result'>): void {
    this.#job = job
    if (this.#stopAsked) job.stop()
    if (this.#drainAsked) job.drain()
  }

  #preparedJob(): Promise<Job> {
    this.#prepared ??= this.#prepare()
    return this.#prepared
  }

  async #prepare(): Promise<Job> {
    const { claimed } = this
    const { run, task, blueprint, start } = claimed
    const { bundleFile, scratchOf } = this.#parts
    const inputs = await this.#fetchInputs()
    return {
      bundleFile: await this.#answered(() => bundleFile(run.bundle)),
      blueprint,
      task: task.name,
      inputs,
      start: start === null ? null : await this.#fetchStart(start),
      context: this.#context(scratchOf(claimed)),
    }
  }

  /** What a task gave to this DAG when it started it. Nothing makes it again. */
  async #fetchStart(start: PayloadRef): Promise<Uint8Array> {
    try {
      return await this.#parts.payloads.get(start, this.signal)
    } catch (cause) {
      if (!hasCode(cause, 'LF_PAYLOAD_LOST')) throw cause
      const { dag } = this.claimed.task
      const { message, facts } = cause as LightflowError
      throw new LightflowError('LF_PAYLOAD_LOST', `The data that ${dag} was started with is lost. ${message}`, {
        hint: 'Start data is not made again: bring back a peer that held it, with its files, or start a new run.',
        facts,
        cause,
      })
    }
  }

  /** Throws when they are not all here. */
  async #fetchInputs(): Promise<JobInput[]> {
    const { payloads, isAlive, onFetched } = this.#parts
    const { inputs, task } = this.claimed
    if (inputs.length === 0) {
      onFetched()
      return []
    }
    const mayWait = task.attempts < MAX_FAULTY_STARTS
    const fetched = await fetchInputs(inputs, { payloads, isAlive, mayWait, signal: this.signal })
    if (fetched.lost === null) {
      onFetched()
      this.#noted = this.#noteHolder()
      return fetched.inputs
    }
    this.#ending ??= { kind: 'lost-inputs', error: asRecord(fetched.error), inputs: fetched.lost }
    throw fetched.error
  }

  /** Who looks for the same inputs next finds them here, too. On one host they are in the same folder. */
  async #noteHolder(): Promise<void> {
    const { ledger, self, log } = this.#parts
    const { run, dag } = this.claimed.task
    const isNew = ({ payload: { inline, holders } }: TaskInput) => inline === null && !holders.includes(self)
    const fetched = ledger.traits.oneHost ? [] : this.claimed.inputs.filter(isNew)
    if (fetched.length === 0) return
    const outputs = fetched.map(({ task, epoch }) => ({ task: taskId(run, dag, task), epoch }))
    await ledger.noteHolder(self, outputs).catch(error => log.debug('it is not noted what is here', { error }))
  }

  /** What this peer cannot do another may: the task is given back, unless it went round already. */
  #noteFaultyStart(error: unknown): void {
    if (this.begun || this.#ending !== null || this.claimed.task.attempts >= MAX_FAULTY_STARTS) return
    this.#ending = { kind: 'fault', error: asRecord(error) }
  }

  #context(scratch: string): JobContext {
    const { run, task } = this.claimed
    const { name, host } = this.#parts.peer
    return {
      taskName: task.name,
      dagName: task.dag,
      workflowName: run.workflow,
      runId: run.id,
      peerName: name,
      peerHost: host,
      attempt: task.attempts,
      epoch: task.epoch,
      scratch,
    }
  }

  async #keep({ bytes, outcome, ranMs, ...rest }: JobResult): Promise<AttemptResult> {
    if (ranMs !== undefined && (bytes?.byteLength ?? 0) <= MAX_INLINE_PAYLOAD_BYTES) this.#ranMs = ranMs
    if (outcome === 'handed-over') {
      if (rest.error !== null) this.#ending ??= { kind: 'hand-over', error: rest.error }
      return this.#ending === null ? failed(rest.error) : timedOutOr(failed(rest.error), this.#ending)
    }
    const result = { outcome, ...rest }
    const isPoolFault = POOL_FAULTS.includes(result.error?.code ?? '')
    if (isPoolFault && result.error !== null) this.#ending ??= { kind: 'fault', error: result.error }
    this.#ending ??= this.#endingOfLoss(result.error)
    // The body came to its end before it could be ended: its work is kept.
    if (result.outcome === 'done' && this.#ending?.kind !== 'discard') this.#ending = null
    if (this.#ending !== null) return timedOutOr({ ...result, out: null }, this.#ending)
    return { ...result, out: bytes === null ? null : await this.#parts.payloads.put(bytes) }
  }

  /**
   * The body failed because of a file that another task named. An exclusive task may not begin anew; else, when the file may be had later or by
   * another peer, the task is given back, and when it was named by a predecessor, that one runs again.
   */
  #endingOfLoss(error: ErrorRecord | null): Ending | null {
    const { task, inputs } = this.claimed
    if (error === null || task.effect === 'exclusive') return null
    // By the code alone it might be another failure, after one that the body dealt with.
    const isIt = ({ record }: { record: ErrorRecord }) =>
      error.code === record.code && error.message.includes(record.message)
    const found = this.#lostFiles.find(isIt)
    if (found === undefined) return null
    const { error: lost, source } = found
    // The disk here may have no room for it, and that of another peer some.
    const isHere = error.code === 'LF_PAYLOAD_NOT_KEPT'
    const mayCome = isHere || undecidedHolders(lost).some(this.#parts.isAlive)
    if (mayCome && task.attempts < MAX_FAULTY_STARTS) return { kind: 'fault', error }
    if (isHere) return null
    // Whatever its run: a retry has what an earlier run made, by tasks of the same names that it can run again.
    const input = source.dag === task.dag ? inputs.find(({ task: name }) => name === source.task) : undefined
    if (input === undefined) return null
    return { kind: 'lost-inputs', error, inputs: [{ task: input.task, epoch: input.epoch }] }
  }

  async #record(result: AttemptResult): Promise<Completion | null> {
    const { ledger, log } = this.#parts
    const { handOn, onForeseen } = this.#actions
    const { claim } = this.claimed
    this.#error = result.error
    this.#isRecording = true
    if (this.#ending?.kind === 'discard') return null
    if (this.#ending?.kind === 'lost-inputs') return this.#reportLoss(this.#ending)
    if (this.#ending !== null && this.#ending.kind !== 'time-out') return this.#giveBack(this.#ending)
    const out = result.out === null ? null : await this.#spread(result.out)
    // Once, so that a repeated call names the same claims.
    const hand = handOn() ?? undefined
    const completion = await this.#answered(
      () => ledger.complete(claim, { ...result, out }, hand, onForeseen),
      untilFreshlyAnswered,
    )
    if (completion.accepted) return completion
    log.warn('the result of a task came too late and was discarded: another peer has the task', { task: claim.task })
    return null
  }

  /** As many copies as the task wants, or as there are peers for: the work is done, and whoever looks at the run sees how many there are. */
  async #spread(ref: PayloadRef): Promise<PayloadRef> {
    const { payloads, copyPlaces, log, signal } = this.#parts
    const { id, replicas: copies = 1 } = this.claimed.task
    if (copies <= 1 || ref.inline !== null) return ref
    const wanted = { copies, at: copyPlaces(ref.hash) }
    const spread = await payloads.spread(ref, wanted, AbortSignal.any([this.#hurry.signal, signal]))
    const { length: held } = spread.holders
    if (held < copies) log.warn('fewer peers hold the output of a task than it wants', { task: id, copies, held })
    return spread
  }

  async #reportLoss({ inputs, error }: { inputs: AwaitedInput[]; error: ErrorRecord }): Promise<Completion | null> {
    const completion = await this.#answered(() => this.#parts.ledger.loseInputs(this.claimed.claim, { inputs, error }))
    return completion.accepted ? completion : null
  }

  async #giveBack({ kind, error }: Ending): Promise<null> {
    const { ledger, clock, timing } = this.#parts
    const isFault = kind === 'fault'
    // One that gives itself back for no reason of ours comes round here again: not at once.
    const rests = isFault || (kind === 'hand-over' && !this.#drainAsked)
    const request = {
      reason: error.message,
      notBefore: rests ? clock.wallMs() + timing.faultDelayMs : null,
      uncounted: !isFault,
      begun: this.begun && kind !== 'hand-over',
    }
    await this.#answered(() => ledger.release(this.claimed.claim, request))
    return null
  }

  /** Repeats an unanswered operation for as long as the claim may be ours and the peer is there. */
  #answered<T>(operation: () => Promise<T>, ask = untilAnswered<T>): Promise<T> {
    return ask(operation, new WhileHeld(this.#parts, this.#lost))
  }

  /** It waits for the answer about its claim, at the latest with what it asks for, and that takes as long as the ledger does: its time counts from then. */
  #countTime(): void {
    const { early } = this.#actions
    if (early === undefined) this.#armTimeLimit()
    else void early.kept.then(isKept => isKept && this.#armTimeLimit())
  }

  /** From the moment at which it has a place. */
  #armTimeLimit(): void {
    const { timeoutMs, name } = this.claimed.task
    if (timeoutMs === null || this.#limit !== null || this.#isOver) return
    const error = {
      code: 'LF_TASK_TIMEOUT',
      message: `Task ${name} took longer than the ${timeoutMs} ms that it allows.`,
      hint: 'Raise timeoutMs of the task, or look into its log for where it hangs.',
    }
    this.#limit = this.#parts.clock.timer(timeoutMs, () => this.end({ kind: 'time-out', error }))
  }
}

/** Most operations are answered at once: joining signals costs more than the rest, so that is done when one is not. */
class WhileHeld implements RetryParts {
  readonly clock: Clock
  readonly random: Random
  readonly timing: Timing
  readonly #lost: AbortController
  readonly #left: AbortSignal

  constructor({ clock, random, timing, signal }: AttemptParts, lost: AbortController) {
    this.clock = clock
    this.random = random
    this.timing = timing
    this.#lost = lost
    this.#left = signal
  }

  get signal(): AbortSignal {
    return AbortSignal.any([this.#lost.signal, this.#left])
  }
}

const NOT_BEGUN: ErrorRecord = {
  code: 'LF_LEASE_LOST',
  message: 'This peer was not sure of its lease any more when the task was to begin.',
}

function timedOutOr(result: AttemptResult, ending: Ending): AttemptResult {
  return ending.kind === 'time-out' ? { ...failed(ending.error), outcome: 'timed-out' } : result
}

function failed(error: unknown): AttemptResult {
  return { outcome: 'failed', out: null, limit: null, skipSuccessors: false, error: asRecord(error) }
}

function asRecord(error: unknown): ErrorRecord {
  const isRecord = typeof error === 'object' && error !== null && !(error instanceof Error) && 'code' in error
  return isRecord ? (error as ErrorRecord) : toErrorRecord(error)
}
