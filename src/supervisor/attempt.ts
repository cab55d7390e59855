/**
 * One attempt at one task, from the claim to the record: inputs fetched, body run in a worker, output kept, outcome recorded,
 * successors advanced. The claim is the fence: once it is lost, nothing of this attempt is recorded any more.
 */
import { type ErrorRecord, toErrorRecord } from '../core/errors.ts'
import type { Clock, Timer } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Random } from '../core/random.ts'
import type { AttemptResult, ClaimedTask, Completion, HandOn, Ledger, TaskInput } from '../ledger/ledger.ts'
import type { PayloadStore } from '../payload/payload-store.ts'
import type { Job, JobContext, JobHost, JobInput, JobResult, RunningJob, WorkerPool } from '../workers/worker-pool.ts'
import type { Timing } from './timing.ts'
import { untilAnswered } from './until-answered.ts'

/** What is done instead of recording the outcome. */
export type Ending =
  /** The claim is lost: forget everything. */
  | { kind: 'discard'; error: ErrorRecord }
  /** Give the task back: the peer leaves. */
  | { kind: 'release'; error: ErrorRecord }
  /** It took longer than the task allows. */
  | { kind: 'time-out'; error: ErrorRecord }

export interface AttemptParts {
  ledger: Pick<Ledger, 'complete' | 'release'>
  payloads: PayloadStore
  workers: WorkerPool
  clock: Clock
  random: Random
  log: Log
  timing: Timing
  /** Path of the file with this bundle, fetched from the ledger when it is not there. */
  bundleFile: (hash: string) => Promise<string>
  /** The attempt's own folder; made here, removed by the caller. */
  makeScratch: (claimed: ClaimedTask) => Promise<string>
  /** What the attempt may claim when it completes; null = nothing. */
  handOn: () => HandOn | null
  peer: { name: string; host: string }
}

export class Attempt {
  readonly claimed: ClaimedTask
  readonly #parts: AttemptParts
  readonly #abort = new AbortController()
  readonly #lost = new AbortController()
  #job: RunningJob | null = null
  #ending: Ending | null = null
  #stopAsked = false
  #error: ErrorRecord | null = null

  constructor(claimed: ClaimedTask, parts: AttemptParts) {
    this.claimed = claimed
    this.#parts = parts
  }

  /** Why it failed or was ended from outside; null while all is well. */
  get error(): ErrorRecord | null {
    return this.#ending?.error ?? this.#error
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

  /** Ends the attempt, whatever the body does. The first reason counts, but a lost claim overrides all. */
  end(ending: Ending, graceMs = this.#parts.timing.killGraceMs): void {
    if (this.#ending !== null && ending.kind !== 'discard') return
    this.#ending = ending
    if (ending.kind === 'discard') this.#lost.abort()
    this.#abort.abort()
    this.#job?.kill(ending.error, graceMs)
  }

  /** Resolves when the attempt is over: with what its completion brought, or null when nothing was recorded. */
  async run(host: JobHost): Promise<Completion | null> {
    const limit = this.#armTimeLimit()
    try {
      const result = await this.#execute(host)
      this.#error = result.error
      return await this.#record(result)
    } finally {
      limit?.cancel()
    }
  }

  async #execute(host: JobHost): Promise<AttemptResult> {
    try {
      const job = await this.#prepare()
      if (this.#ending === null) {
        this.#job = this.#parts.workers.start(job, host)
        if (this.#stopAsked) this.#job.stop()
        return await this.#keep(await this.#job.result)
      }
    } catch (error) {
      return failed(error)
    }
    return failed(this.#ending.error)
  }

  async #prepare(): Promise<Job> {
    const { claimed } = this
    const { run, task, blueprint, start } = claimed
    const { bundleFile, makeScratch, payloads } = this.#parts
    const inputs = await Promise.all(claimed.inputs.map(input => this.#fetch(input)))
    return {
      bundleFile: await bundleFile(run.bundle),
      blueprint,
      task: task.name,
      inputs,
      start: start === null ? null : await payloads.get(start),
      context: this.#context(await makeScratch(claimed)),
    }
  }

  async #fetch({ task, slot, payload }: TaskInput): Promise<JobInput> {
    return { task, slot, bytes: await this.#parts.payloads.get(payload) }
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

  async #keep({ bytes, ...result }: JobResult): Promise<AttemptResult> {
    const ending = this.#ending
    if (ending?.kind === 'time-out') return { ...failed(ending.error), outcome: 'timed-out' }
    return { ...result, out: bytes === null ? null : await this.#parts.payloads.put(bytes) }
  }

  async #record(result: AttemptResult): Promise<Completion | null> {
    const { ledger, handOn, log } = this.#parts
    const { claim } = this.claimed
    if (this.#ending?.kind === 'release') {
      const { message } = this.#ending.error
      await this.#answered(() => ledger.release(claim, { reason: message, notBefore: null, uncounted: true }))
      return null
    }
    if (this.#ending?.kind === 'discard') return null
    const completion = await this.#answered(() => ledger.complete(claim, result, handOn() ?? undefined))
    if (completion.accepted) return completion
    log.warn('the result of a task came too late and was discarded: another peer has the task', { task: claim.task })
    return null
  }

  /** Repeats an unanswered operation for as long as the claim may be ours. */
  #answered<T>(operation: () => Promise<T>): Promise<T> {
    return untilAnswered(operation, { ...this.#parts, signal: this.#lost.signal })
  }

  #armTimeLimit(): Timer | null {
    const { timeoutMs, name } = this.claimed.task
    if (timeoutMs === null) return null
    const error = {
      code: 'LF_TASK_TIMEOUT',
      message: `Task ${name} took longer than the ${timeoutMs} ms that it allows.`,
      hint: 'Raise timeoutMs of the task, or look into its log for where it hangs.',
    }
    return this.#parts.clock.timer(timeoutMs, () => this.end({ kind: 'time-out', error }))
  }
}

function failed(error: unknown): AttemptResult {
  return { outcome: 'failed', out: null, limit: null, skipSuccessors: false, error: asRecord(error) }
}

function asRecord(error: unknown): ErrorRecord {
  const isRecord = typeof error === 'object' && error !== null && !(error instanceof Error) && 'code' in error
  return isRecord ? (error as ErrorRecord) : toErrorRecord(error)
}
