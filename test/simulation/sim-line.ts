/** Jobs that wait in one simulated worker behind the one that runs there: as `src/workers/threads/` has them, in virtual time. */
import type { ErrorRecord } from '../../src/core/errors.ts'
import type { Job, JobHost, JobResult, LinedUpJob, LineUp, RunningJob } from '../../src/workers/worker-pool.ts'
import type { SimProcess } from './sim-process.ts'

/** As many as a thread takes. */
const MAX_LINED_UP = 16

export type Begin = (job: Job, host: JobHost, line: SimLine) => RunningJob

export class SimLine {
  readonly #process: SimProcess
  readonly #begin: Begin
  readonly #waiting: SimLinedUpJob[] = []
  /** A call to join is under way. */
  joining = false

  constructor(process: SimProcess, begin: Begin) {
    this.#process = process
    this.#begin = begin
  }

  get room(): number {
    return this.joining ? 0 : MAX_LINED_UP - this.#waiting.length
  }

  add(job: Job, host: JobHost, lineUp: LineUp): LinedUpJob {
    const waiting = new SimLinedUpJob(this, job, host, lineUp, this.#process)
    this.#waiting.push(waiting)
    return waiting
  }

  /** The job that ran has ended. Returns what the main loop does when it hears of that, before anything else. */
  goOn(mayGoOn: boolean): () => void {
    if (!mayGoOn) this.comeBack()
    const [next] = this.#waiting
    if (next === undefined) return () => {}
    this.#process.world.schedule(0, () => this.#process.enterWorker(() => this.#beginNext()))
    return () => next.tellTurn()
  }

  /** All that have not begun. */
  comeBack(): void {
    for (const waiting of this.#waiting.splice(0).toReversed()) waiting.comeBack()
  }

  /** Behind one whose turn had come none may begin here: they would share its place. */
  remove(job: SimLinedUpJob): void {
    const at = this.#waiting.indexOf(job)
    if (at === -1) return
    this.#waiting.splice(at, 1)
    if (job.isTold) this.comeBack()
  }

  #beginNext(): void {
    const next = this.#waiting.shift()
    if (next === undefined) return
    if (!next.isLate) return next.begun(this.#begin(next.job, next.host, this))
    next.comeBack()
    this.comeBack()
  }
}

class SimLinedUpJob implements LinedUpJob {
  readonly result: Promise<JobResult | null>
  readonly job: Job
  readonly host: JobHost
  readonly #settle: (result: JobResult | null) => void
  readonly #line: SimLine
  readonly #process: SimProcess
  readonly #beginBeforeMs: number
  #onTurn: (() => void) | null
  #running: RunningJob | null = null
  #isBack = false
  #stopAsked = false

  constructor(line: SimLine, job: Job, host: JobHost, { onTurn, mayBeginForMs }: LineUp, process: SimProcess) {
    const { promise, resolve } = Promise.withResolvers<JobResult | null>()
    this.result = promise
    this.#settle = resolve
    this.#line = line
    this.job = job
    this.host = host
    this.#onTurn = onTurn
    this.#process = process
    this.#beginBeforeMs = process.clock.monotonicMs() + mayBeginForMs()
  }

  get isLate(): boolean {
    return this.#process.clock.monotonicMs() >= this.#beginBeforeMs
  }

  get isTold(): boolean {
    return this.#onTurn === null
  }

  tellTurn(): void {
    if (this.#isBack) return
    const onTurn = this.#onTurn
    this.#onTurn = null
    onTurn?.()
  }

  begun(running: RunningJob): void {
    this.#running = running
    if (this.#stopAsked) running.stop()
    // Its result is told on the main loop already.
    void running.result.then(this.#settle)
  }

  comeBack(): void {
    this.#isBack = true
    this.#process.enter(() => this.#settle(null))
  }

  takeBack(): boolean {
    if (this.#running !== null) this.tellTurn()
    else if (!this.#isBack) {
      this.#isBack = true
      this.#settle(null)
      this.#line.remove(this)
    }
    return this.#isBack
  }

  stop(): void {
    this.#stopAsked = true
    this.#running?.stop()
  }

  drain(): void {
    this.#running?.drain()
  }

  kill(error: ErrorRecord, graceMs: number): void {
    if (!this.takeBack()) this.#running?.kill(error, graceMs)
  }
}
