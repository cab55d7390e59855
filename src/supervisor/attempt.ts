/**
 * One attempt at one task, from the claim to the record: inputs fetched, body run in a worker, output kept, outcome recorded,
 * successors advanced. The claim is the fence: once it is lost, nothing of this attempt is recorded any more.
 */
import type { Timer } from '../core/clock.ts'
import type { ErrorRecord } from '../core/errors.ts'
import type { AttemptResult, ClaimedTask, Completion } from '../ledger/ledger.ts'
import type { FileSource } from '../tasks/named-file.ts'
import type { Job, JobHost, JobResult, RunningJob, WorkerPool } from '../workers/worker-pool.ts'
import { MAX_INLINE_PAYLOAD_BYTES } from '../../protocols/limits.ts'
import {
  asRecord,
  type Ending,
  failed,
  MAX_FAULTY_STARTS,
  NOT_BEGUN,
  SOURCES_CHANGED,
  timedOutOr,
} from './attempt-ending.ts'
import { LostFiles } from './lost-files.ts'
import { type PreparationParts, prepareJob } from './prepare-job.ts'
import { type Following, giveBack, recordLoss, recordOutcome, type RecordParts, WhileHeld } from './record-attempt.ts'
import { untilAnswered } from './until-answered.ts'

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

export interface AttemptParts extends PreparationParts, RecordParts {
  ledger: PreparationParts['ledger'] & RecordParts['ledger']
  workers: WorkerPool
}

/** What differs from one attempt to the next. */
export interface AttemptActions extends Following {
  /** Whether the session that made the claim is still this peer's and renewed in time: others may have the task otherwise. */
  mayBegin: () => boolean
  /** For how long from now that is so at least. */
  mayBeginForMs: () => number
  /** It is being ended from outside. */
  onEnded: () => void
  /** Its claim is not known to be in the ledger: whether it is, once that is decided, and whether the body begins before. */
  early?: { kept: Promise<boolean>; begins: boolean }
}

/** Faults of the worker pool by which the body has not begun. */
const NOT_STARTED = ['LF_WORKER_NOT_STARTED', SOURCES_CHANGED]
/** Those, and others that are not of the task. */
const POOL_FAULTS = ['LF_WORKERS_CLOSED', ...NOT_STARTED]

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
  #isGivenBack = false
  #noted: Promise<void> = Promise.resolve()
  #stopAsked = false
  #drainAsked = false
  #error: ErrorRecord | null = null
  #ranMs: number | null = null
  /** What the body was told of files that cannot be had. */
  #lostFiles: LostFiles | null = null

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

  /** The ledger has answered that it has the task back. */
  get isGivenBack(): boolean {
    return this.#isGivenBack
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
    this.#lostFiles ??= new LostFiles()
    this.#lostFiles.note(error, source)
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

  #prepare(): Promise<Job> {
    return prepareJob(this.claimed, this.#parts, {
      signalOf: () => this.signal,
      answered: operation => untilAnswered(operation, this.#whileHeld()),
      onLost: ending => {
        this.#ending ??= ending
      },
      onNoting: noted => {
        this.#noted = noted
      },
    })
  }

  /** What this peer cannot do another may: the task is given back, unless it went round already. */
  #noteFaultyStart(error: unknown): void {
    if (this.begun || this.#ending !== null || this.claimed.task.attempts >= MAX_FAULTY_STARTS) return
    this.#ending = { kind: 'fault', error: asRecord(error) }
  }

  async #keep({ bytes, outcome, ranMs, ...rest }: JobResult): Promise<AttemptResult> {
    if (ranMs !== undefined && (bytes?.byteLength ?? 0) <= MAX_INLINE_PAYLOAD_BYTES) this.#ranMs = ranMs
    if (outcome === 'handed-over') {
      if (rest.error !== null) this.#ending ??= { kind: 'hand-over', error: rest.error }
      return this.#ending === null ? failed(rest.error) : timedOutOr(failed(rest.error), this.#ending)
    }
    const result = { outcome, ...rest }
    // A body that has run may fail by such an error of something else, each time anew.
    const code = ranMs === undefined ? result.error?.code : undefined
    const isAny = (faults: readonly string[]): boolean => code !== undefined && faults.includes(code)
    if (isAny(NOT_STARTED)) this.#begun = false
    if (isAny(POOL_FAULTS) && result.error !== null) this.#ending ??= { kind: 'fault', error: result.error }
    if (result.error !== null) this.#ending ??= this.#endingOfLoss(result.error)
    // The body came to its end before it could be ended: its work is kept.
    if (result.outcome === 'done' && this.#ending?.kind !== 'discard') this.#ending = null
    if (this.#ending !== null) return timedOutOr({ ...result, out: null }, this.#ending)
    return { ...result, out: bytes === null ? null : await this.#parts.payloads.put(bytes) }
  }

  #endingOfLoss(error: ErrorRecord): Ending | null {
    return this.#lostFiles?.endingOf(error, this.claimed, this.#parts.isAlive) ?? null
  }

  async #record(result: AttemptResult): Promise<Completion | null> {
    this.#error = result.error
    this.#isRecording = true
    const ending = this.#ending
    if (ending?.kind === 'discard') return null
    const held = this.#whileHeld()
    if (ending?.kind === 'lost-inputs') return recordLoss(this.claimed, ending, this.#parts, held)
    if (ending !== null && ending.kind !== 'time-out') {
      const how = { begun: this.begun, drained: this.#drainAsked, held }
      this.#isGivenBack = await giveBack(this.claimed, ending, this.#parts, how)
      return null
    }
    const { handOn, onForeseen } = this.#actions
    return recordOutcome(this.claimed, result, this.#parts, { handOn, onForeseen, hurry: this.#hurry, held })
  }

  #whileHeld(): WhileHeld {
    return new WhileHeld(this.#parts, this.#lost)
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
