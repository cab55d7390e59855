/**
 * One worker thread, seen from the peer's thread. It runs one job at a time and turns every way in which a thread can end into a
 * result of that job.
 */
import { MessageChannel, Worker, receiveMessageOnPort, type MessagePort } from 'node:worker_threads'
import type { Clock, Timer } from '../../core/clock.ts'
import { type ErrorRecord, toErrorRecord } from '../../core/errors.ts'
import { abortedResult, failedResult } from '../job-results.ts'
import { OutputLines } from '../output-lines.ts'
import type { Job, JobHost, JobInput, JobResult, RunningJob } from '../worker-pool.ts'
import { answerCall } from './answer-call.ts'
import { type HowEnded, describeEnd, outOfMemory } from './describe-end.ts'
import { MemoryGuard, limitsFor } from './memory-guard.ts'
import { killChildrenOf } from './thread-children.ts'
import { ThreadEnd } from './thread-end.ts'
import {
  DRAIN_CELL,
  type FromThread,
  OUTPUT_CELL,
  SHARED_BYTES,
  STOP_CELL,
  type ToThread,
  ownBytes,
} from './thread-messages.ts'

const ENTRY = new URL(`./thread-main${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url)

export interface ThreadOptions {
  clock: Pick<Clock, 'timer'>
  maxHeapMb: number
  /** Copied for the thread. */
  env: NodeJS.ProcessEnv
  /** Called when the job's result is known; `isReusable`: this thread may run another job. */
  onFree: (thread: TaskThread, isReusable: boolean) => void
  /** Called once, when the thread is gone or given up. */
  onEnd: (thread: TaskThread) => void
}

interface CurrentJob {
  host: JobHost
  lines: OutputLines
  settle: (result: JobResult) => void
  /** Set by `kill`: whatever the job answers now, this is its error. */
  killedBy: ErrorRecord | null
  graceTimer: Timer | null
}

export class TaskThread {
  /** The bundle that this thread has loaded; it never loads another. */
  bundleFile: string | null = null
  readonly #options: ThreadOptions
  readonly #cells = new Int32Array(new SharedArrayBuffer(SHARED_BYTES))
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #guard: MemoryGuard
  readonly #end: ThreadEnd
  readonly #ended = Promise.withResolvers<void>()
  #job: CurrentJob | null = null
  #how: HowEnded = { error: null, exitCode: null, wasReady: false }
  /** Parent of the programs that the task has started, for the system. */
  #systemThread: number | null = null
  #isEnded = false
  #isStuck = false

  /** Throws when the system refuses another thread. */
  constructor(options: ThreadOptions) {
    this.#options = options
    this.#guard = new MemoryGuard(options.clock, options.maxHeapMb)
    this.#end = new ThreadEnd(options.clock, () => this.#giveUp())
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.#worker = new Worker(ENTRY, {
      name: 'lf:task',
      workerData: { port: port2, shared: this.#cells.buffer },
      transferList: [port2],
      env: options.env,
      argv: [],
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: limitsFor(options.maxHeapMb),
      // Node would close what a task has opened and left open, by number; a stream may have closed it long ago, and the number may belong to
      // another thread by now, to the ledger even.
      trackUnmanagedFds: false,
    })
    this.#listen()
    this.#hold(false)
  }

  run(job: Job, host: JobHost): RunningJob {
    const { promise, resolve } = Promise.withResolvers<JobResult>()
    const lines = new OutputLines((stream, line) => tell(() => host.output(stream, line)))
    const current: CurrentJob = { host, lines, settle: resolve, killedBy: null, graceTimer: null }
    this.bundleFile = job.bundleFile
    this.#job = current
    this.#hold(true)
    for (const cell of [STOP_CELL, DRAIN_CELL]) Atomics.store(this.#cells, cell, 0)
    const raise = (cell: number): void => {
      if (this.#job === current) Atomics.store(this.#cells, cell, 1)
    }
    this.#postJob(job)
    if (this.#how.wasReady) this.#guardMemory()
    return {
      result: promise,
      stop: () => raise(STOP_CELL),
      drain: () => raise(DRAIN_CELL),
      kill: (error, graceMs) => this.#kill(current, error, graceMs),
    }
  }

  /** Ends the thread; its job, if any, is aborted with this error. Resolves when the thread is gone, or given up. */
  async end(error: ErrorRecord): Promise<void> {
    if (this.#job !== null) this.#job.killedBy ??= error
    this.#terminate()
    await this.#ended.promise
  }

  #listen(): void {
    this.#port.on('message', message => this.#receive(message as FromThread))
    this.#worker.on('error', error => {
      this.#how = { ...this.#how, error: toErrorRecord(error, 'LF_TASK_CRASHED') }
    })
    this.#worker.on('exit', exitCode => {
      this.#how = { ...this.#how, exitCode }
      this.#finish()
    })
    // Nothing arrives here but what Node itself prints about a dying thread; unread, it would pile up.
    this.#worker.stdout.resume()
    this.#worker.stderr.resume()
  }

  /** It sits in a system call that does not return, and was given up. */
  get isStuck(): boolean {
    return this.#isStuck
  }

  #receive(message: FromThread): void {
    if (message.kind === 'ready') this.#beReady(message.systemThread)
    else if (message.kind === 'output') this.#takeOutput(message.stream, message.text)
    else if (message.kind === 'call') this.#answer(message)
    else this.#settle(message.result, message.isClean)
  }

  #beReady(systemThread: number | null): void {
    this.#systemThread = systemThread
    this.#how = { ...this.#how, wasReady: true }
    if (this.#job !== null) this.#guardMemory()
  }

  /** Not before the thread is ready: it would not answer. */
  #guardMemory(): void {
    this.#guard.watch(this.#worker, () => this.#endBy(outOfMemory(this.#options.maxHeapMb)))
  }

  #takeOutput(stream: 'stdout' | 'stderr', text: string): void {
    this.#job?.lines.push(stream, text)
    Atomics.sub(this.#cells, OUTPUT_CELL, text.length)
    Atomics.notify(this.#cells, OUTPUT_CELL)
  }

  #answer(call: Extract<FromThread, { kind: 'call' }>): void {
    if (this.#job !== null) void answerCall(call, this.#job.host, (...answer) => this.#post(...answer))
  }

  #kill(job: CurrentJob, error: ErrorRecord, graceMs: number): void {
    if (this.#job !== job || job.killedBy !== null) return
    job.killedBy = error
    this.#post({ kind: 'abort', error })
    job.graceTimer = this.#options.clock.timer(graceMs, () => this.#terminate())
  }

  #settle(result: JobResult, isClean: boolean): void {
    const job = this.#job
    if (job === null) return
    this.#job = null
    job.graceTimer?.cancel()
    this.#guard.rest()
    if (job.killedBy !== null && !this.#isEnded) killChildrenOf(this.#systemThread)
    tell(() => job.lines.end())
    const isReusable = isClean && job.killedBy === null && !this.#isEnded
    this.#hold(false)
    this.#options.onFree(this, isReusable)
    job.settle(job.killedBy === null ? result : abortedResult(job.killedBy))
  }

  #endBy(error: ErrorRecord): void {
    this.#how = { ...this.#how, error }
    this.#terminate()
  }

  /** Programs that an earlier task left running on purpose are not ours to end. */
  #terminate(): void {
    if (!this.#isEnded) this.#end.begin(this.#worker, this.#job === null ? null : this.#systemThread)
  }

  #giveUp(): void {
    this.#isStuck = true
    this.#finish()
  }

  #finish(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#end.done()
    this.#drain()
    this.#port.close()
    this.#settle(failedResult(describeEnd(this.#how, this.#options.maxHeapMb)), false)
    this.#options.onEnd(this)
    this.#ended.resolve()
  }

  /** What the thread posted before it ended is still on its way. */
  #drain(): void {
    for (let next = receiveMessageOnPort(this.#port); next !== undefined; next = receiveMessageOnPort(this.#port)) {
      this.#receive(next.message as FromThread)
    }
  }

  #postJob(job: Job): void {
    // Copies: the caller may need the bytes for another attempt.
    const inputs = job.inputs.map((input): JobInput => ({ ...input, bytes: new Uint8Array(input.bytes) }))
    const start = job.start === null ? null : new Uint8Array(job.start)
    const moved = [...inputs.map(({ bytes }) => bytes), ...(start === null ? [] : [start])].map(ownBytes)
    this.#post(
      { kind: 'run', job: { ...job, inputs, start } },
      moved.map(({ buffer }) => buffer),
    )
  }

  #post(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer)
  }

  /** An idle thread does not keep the process alive; one with a job does. */
  #hold(isHeld: boolean): void {
    const change = isHeld ? 'ref' : 'unref'
    this.#worker[change]()
    this.#port[change]()
  }
}

/** A host that throws must not take the peer down. */
function tell(action: () => void): void {
  try {
    action()
  } catch {
    // Lines of output are all that is told this way: losing some is the lesser harm.
  }
}
