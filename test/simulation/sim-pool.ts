/** Workers of one simulated process: bodies follow their script, obey or not, and die with the process. */
import type { ErrorRecord } from '../../src/core/errors.ts'
import { toErrorRecord } from '../../src/core/errors.ts'
import type {
  Job,
  JobHost,
  JobResult,
  LinedUpJob,
  LineUp,
  RunningJob,
  WorkerPool,
} from '../../src/workers/worker-pool.ts'
import type { Bodies, Body } from './bodies.ts'
import { SimLine } from './sim-line.ts'
import type { SimProcess } from './sim-process.ts'
import type { TaskScript } from './workload.ts'

export interface SimPoolParts {
  process: SimProcess
  bodies: Bodies
  capacity: number
  scriptOf: (job: Job) => TaskScript
}

const DONE: JobResult = { outcome: 'done', bytes: null, limit: null, skipSuccessors: false, error: null }

export class SimPool implements WorkerPool {
  readonly #parts: SimPoolParts
  readonly #running = new Set<SimJob>()

  constructor(parts: SimPoolParts) {
    this.#parts = parts
    parts.process.onDeath(() => {
      for (const job of this.#running) job.vanish()
    })
  }

  start(job: Job, host: JobHost): RunningJob {
    return this.#begin(job, host, new SimLine(this.#parts.process, (...next) => this.#begin(...next)))
  }

  lineUp(job: Job, host: JobHost, lineUp: LineUp): LinedUpJob | null {
    const lines = Array.from(this.#running, ({ line }) => line).sort((one, other) => other.room - one.room)
    const [line] = lines
    return line === undefined || line.room === 0 ? null : line.add(job, host, lineUp)
  }

  #begin(job: Job, host: JobHost, line: SimLine): RunningJob {
    const running = new SimJob(job, host, line, this.#parts, () => this.#running.delete(running))
    this.#running.add(running)
    return running
  }

  async close(): Promise<void> {}
}

class SimJob implements RunningJob {
  readonly result: Promise<JobResult>
  readonly line: SimLine
  readonly #settle: (result: JobResult) => void
  readonly #job: Job
  readonly #host: JobHost
  readonly #parts: SimPoolParts
  readonly #script: TaskScript
  readonly #body: Body
  readonly #onEnd: () => void
  #over = false
  #killed = false
  #stopAsked = false
  #onStop: (() => void) | null = null

  constructor(job: Job, host: JobHost, line: SimLine, parts: SimPoolParts, onEnd: () => void) {
    const { promise, resolve } = Promise.withResolvers<JobResult>()
    this.result = promise
    this.#settle = resolve
    this.#job = job
    this.line = line
    this.#host = host
    this.#parts = parts
    this.#script = parts.scriptOf(job)
    this.#body = parts.bodies.begin(job, parts.process, parts.capacity)
    this.#onEnd = onEnd
    parts.process.world.tell(`${parts.process.name} runs ${this.#body.task} epoch ${this.#body.epoch}`)
    void this.#run()
  }

  stop(): void {
    this.#stopAsked = true
    this.#onStop?.()
  }

  /** Its bodies end soon anyway. */
  drain(): void {}

  kill(error: ErrorRecord, graceMs: number): void {
    this.#killed = true
    this.line.comeBack()
    if (this.#body.hung) return
    const end = () => this.#end({ ...DONE, outcome: 'aborted', error })
    if (graceMs === 0 || !this.#script.stubborn) end()
    else this.#parts.process.world.schedule(graceMs, () => this.#parts.process.enter(end))
  }

  /** The process is gone, and its threads with it. */
  vanish(): void {
    this.#over = true
    this.#parts.bodies.end(this.#body)
  }

  async #run(): Promise<void> {
    try {
      this.#end(await this.#follow(this.#script))
    } catch (error) {
      this.#end({ ...DONE, outcome: 'failed', error: toErrorRecord(error) })
    }
  }

  async #follow(script: TaskScript): Promise<JobResult> {
    const { process } = this.#parts
    const { attempt } = this.#job.context
    if (script.hangs && attempt === 1 && this.#parts.process.world.mayHang) return this.#hang()
    await this.#pause(script.durationMs / 2)
    if (script.poison) {
      process.world.tell(`${process.name} is killed by what it runs`)
      process.die()
    }
    if (script.writes) await this.#write()
    const names: string[] = []
    for (const blueprint of script.starts) names.push(await this.#ask(() => this.#host.startDag(blueprint, null)))
    if (script.join !== 'none' && names.length > 0) await this.#join(script.join === 'names' ? names : null)
    if (script.stopsWorkflow) await this.#ask(() => this.#host.stopWorkflow())
    await this.#pause(script.durationMs / 2)
    if (script.untilStopped) await this.#untilStopped()
    if (attempt <= script.failTimes) throw new Error('as its script says')
    const { outcome, limit, skipSuccessors } = script
    const error = outcome === 'aborted' ? { code: 'SCRIPT', message: 'aborted' } : null
    return { outcome, bytes: outcome === 'done' ? this.#output() : null, limit, skipSuccessors, error }
  }

  #hang(): Promise<never> {
    this.#body.hung = true
    return new Promise(() => {})
  }

  async #write(): Promise<void> {
    const { dagName, taskName, epoch } = this.#job.context
    const path = `${dagName}.${taskName}`
    await this.#ask(() => this.#host.storeWrite({ kind: 'set', section: 'data', path: `${path}.set`, value: epoch }))
    await this.#ask(() =>
      this.#host.storeWrite({ kind: 'increment', section: 'data', path: `${path}.count`, value: 1 }),
    )
  }

  async #join(names: string[] | null): Promise<void> {
    this.#body.joining = true
    this.line.joining = true
    await this.#ask(() => this.#host.joinDags(names))
    this.#body.joining = false
    this.line.joining = false
    this.#parts.bodies.checkCapacity(this.#body)
  }

  /** Names the attempt and all that it read, so that a successor can be checked to have read the right thing. */
  #output(): Uint8Array {
    const { dagName, taskName, epoch } = this.#job.context
    const read = this.#job.inputs.map(({ task, bytes }) => `${task}=${bytes.byteLength}`)
    return Buffer.from(`${dagName}/${taskName}#${epoch}(${read.join(',')})`)
  }

  #pause(forMs: number): Promise<void> {
    if (forMs === 0) return Promise.resolve()
    const { process } = this.#parts
    return new Promise(resolve => {
      process.world.schedule(forMs, () => process.enterWorker(() => this.#goOn(resolve)))
    })
  }

  #untilStopped(): Promise<void> {
    if (this.#stopAsked) return Promise.resolve()
    return new Promise(resolve => (this.#onStop = () => this.#goOn(resolve)))
  }

  /** A call to the main loop and back. */
  #ask<T>(call: () => Promise<T>): Promise<T> {
    const { process } = this.#parts
    return new Promise((resolve, reject) => {
      process.enter(() => {
        call().then(
          value => process.enterWorker(() => this.#goOn(() => resolve(value))),
          error => process.enterWorker(() => this.#goOn(() => reject(error as Error))),
        )
      })
    })
  }

  /** A step of a body that is over, or whose process is dead, is not taken. */
  #goOn(step: () => void): void {
    if (!this.#over && !this.#parts.process.isDead) step()
  }

  #end(result: JobResult): void {
    if (this.#over || this.#parts.process.isDead) return
    this.#over = true
    this.#parts.bodies.end(this.#body)
    this.#onEnd()
    this.line.joining = false
    const tellNext = this.line.goOn(!this.#killed)
    this.#parts.process.enter(() => {
      tellNext()
      this.#settle(result)
    })
  }
}
