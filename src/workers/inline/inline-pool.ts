/**
 * Workers that are none: jobs run in the calling thread, from a workflow that is already loaded. For `runLocal` and the simulation.
 * Code that blocks, blocks the caller; code that does not heed its abort signal is left to itself when its grace is over.
 */
import type { Clock, Timer } from '../../core/clock.ts'
import { type ErrorRecord, fromErrorRecord } from '../../core/errors.ts'
import type { Workflow } from '../../workflow/workflow.ts'
import { abortedResult, poolClosed } from '../job-results.ts'
import { runJob } from '../run-job.ts'
import type { Job, JobHost, JobResult, RunningJob, WorkerPool } from '../worker-pool.ts'

export interface InlinePoolSlices {
  clock: Pick<Clock, 'timer'>
  workflow: Workflow
}

export class InlinePool implements WorkerPool {
  readonly #slices: InlinePoolSlices
  readonly #running = new Set<InlineJob>()
  #isClosed = false

  constructor(slices: InlinePoolSlices) {
    this.#slices = slices
  }

  start(job: Job, host: JobHost): RunningJob {
    const running = new InlineJob(this.#slices.clock)
    if (this.#isClosed) running.giveUp(poolClosed)
    else void this.#run(job, host, running)
    return running
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const running of this.#running) running.giveUp(poolClosed)
  }

  async #run(job: Job, host: JobHost, running: InlineJob): Promise<void> {
    this.#running.add(running)
    // The caller gets its handle before the first line of user code runs.
    await Promise.resolve()
    const { abort, isStopped, isDraining } = running
    running.finish(await runJob(job, () => this.#slices.workflow, { host, abort, isStopped, isDraining }))
    this.#running.delete(running)
  }
}

class InlineJob implements RunningJob {
  readonly result: Promise<JobResult>
  readonly isStopped = (): boolean => this.#isStopped
  readonly isDraining = (): boolean => this.#isDraining
  readonly #clock: Pick<Clock, 'timer'>
  readonly #settle: (result: JobResult) => void
  readonly #abort = new AbortController()
  #killedBy: ErrorRecord | null = null
  #graceTimer: Timer | null = null
  #isStopped = false
  #isDraining = false
  #isSettled = false

  constructor(clock: Pick<Clock, 'timer'>) {
    this.#clock = clock
    const { promise, resolve } = Promise.withResolvers<JobResult>()
    this.result = promise
    this.#settle = resolve
  }

  get abort(): AbortSignal {
    return this.#abort.signal
  }

  stop(): void {
    this.#isStopped = true
  }

  drain(): void {
    this.#isDraining = true
  }

  kill(error: ErrorRecord, graceMs: number): void {
    if (this.#isSettled || this.#killedBy !== null) return
    this.#killedBy = error
    this.#graceTimer = this.#clock.timer(graceMs, () => this.finish(abortedResult(error)))
    this.#abort.abort(fromErrorRecord(error))
  }

  giveUp(error: ErrorRecord): void {
    this.kill(error, 0)
    this.finish(abortedResult(error))
  }

  finish(result: JobResult): void {
    this.#isSettled = true
    this.#graceTimer?.cancel()
    this.#settle(this.#killedBy === null ? result : abortedResult(this.#killedBy))
  }
}
