/**
 * One worker thread, seen from the peer's thread. It runs one job at a time and turns every way in which a thread can end into a
 * result of that job; those that wait behind it then come back.
 */
import { MessageChannel, Worker, receiveMessageOnPort, type MessagePort } from 'node:worker_threads'
import type { Clock } from '../../core/clock.ts'
import { type ErrorRecord, toErrorRecord } from '../../core/errors.ts'
import { abortedResult, failedResult } from '../job-results.ts'
import type { Job, JobHost, JobInput, JobResult, LinedUpJob, LineUp, RunningJob } from '../worker-pool.ts'
import { answerCall } from './answer-call.ts'
import { type HowEnded, describeEnd, otherSources, outOfMemory } from './describe-end.ts'
import { MemoryGuard, limitsFor } from './memory-guard.ts'
import { killChildrenOf } from './thread-children.ts'
import { ThreadEnd } from './thread-end.ts'
import { type ThreadJob, ThreadJobs } from './thread-jobs.ts'
import {
  DIALECT,
  drainCell,
  type FromThread,
  OUTPUT_CELL,
  packBytes,
  type PostedJob,
  SHARED_BYTES,
  stopCell,
  type ThreadData,
  type ToThread,
} from './thread-messages.ts'

const ENTRY = new URL(`./thread-main${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url)

const NS_PER_MS = 1e6
/** Who has run for so long is not about to end: those that are claimed ahead are over sooner. */
const LONG_MS = 30
const NEVER: ErrorRecord = { code: 'LF_UNEXPECTED', message: 'A job that had begun came back.' }

export interface ThreadOptions {
  clock: Pick<Clock, 'monotonicMs' | 'timer'>
  maxHeapMb: number
  /** Copied for the thread. */
  env: NodeJS.ProcessEnv
  /** Called when its sources are found to be others than those of the peer: no thread can take a job any more. */
  onOtherSources: () => void
  /** Called when the job's result is known; `isReusable`: this thread may run another job. */
  onFree: (thread: TaskThread, isReusable: boolean) => void
  /** Called once, when the thread is gone or given up. */
  onEnd: (thread: TaskThread) => void
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
  readonly #jobs: ThreadJobs
  /** Lined up in this turn of the event loop: they travel together. */
  #unposted: PostedJob[] = []
  #moved: ArrayBuffer[] = []
  /** Calls of `joinDags` under way: the job may wait for hours. */
  #joins = 0
  #how: HowEnded = { error: null, exitCode: null, wasReady: false }
  /** Parent of the programs that the task has started, for the system. */
  #systemThread: number | null = null
  #isEnded = false
  #isEnding = false
  #isRestarting = false
  #isStuck = false

  /** Throws when the system refuses another thread. */
  constructor(options: ThreadOptions) {
    this.#options = options
    this.#jobs = new ThreadJobs(this.#cells, options.clock, () => this.#restart())
    this.#guard = new MemoryGuard(options.clock, options.maxHeapMb)
    this.#end = new ThreadEnd(options.clock, () => this.#giveUp())
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.#worker = new Worker(ENTRY, {
      name: 'lf:task',
      workerData: { port: port2, shared: this.#cells.buffer, dialect: DIALECT } satisfies ThreadData,
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
    // It never waits, and so it never comes back.
    const packed = pack(job)
    const current = this.#jobs.add(host, result => resolve(result ?? abortedResult(NEVER)), null)
    this.bundleFile = job.bundleFile
    this.#hold(true)
    this.#queue(current, packed, null)
    this.#postJobs()
    if (this.#how.wasReady) this.#guardMemory()
    return { result: promise, ...this.#handleOf(current) }
  }

  /** How many jobs of this bundle may be lined up here: none behind one that takes long, or may do so for all that is known. */
  roomFor(bundleFile: string): number {
    const { current, room } = this.#jobs
    const isLong = this.#options.clock.monotonicMs() - (current?.turnMs ?? Infinity) > LONG_MS
    const isBusy = current !== undefined && current.killedBy === null && this.#joins === 0 && !isLong
    return isBusy && this.#how.wasReady && !this.#isEnding && this.bundleFile === bundleFile ? room : 0
  }

  lineUp(job: Job, host: JobHost, { onTurn, mayBeginForMs }: LineUp): LinedUpJob {
    const { promise, resolve } = Promise.withResolvers<JobResult | null>()
    // Read first: a process that stands still in between has less time then, not more.
    const nowNs = process.hrtime.bigint()
    const beginBeforeNs = nowNs + BigInt(Math.max(0, Math.floor(mayBeginForMs() * NS_PER_MS)))
    const packed = pack(job)
    let isBack = false
    const settle = (result: JobResult | null): void => {
      isBack = result === null
      resolve(result)
    }
    const waiting = this.#jobs.add(host, settle, onTurn)
    if (this.#unposted.length === 0) queueMicrotask(() => this.#postJobs())
    this.#queue(waiting, packed, beginBeforeNs)
    return { result: promise, takeBack: () => isBack || this.#jobs.takeBack(waiting), ...this.#handleOf(waiting) }
  }

  #handleOf(job: ThreadJob): Omit<RunningJob, 'result'> {
    return {
      stop: () => this.#jobs.raise(job, stopCell),
      drain: () => this.#jobs.raise(job, drainCell),
      kill: (error, graceMs) => this.#kill(job, error, graceMs),
    }
  }

  /** Ends the thread; its job, if any, is aborted with this error. Resolves when the thread is gone, or given up. */
  async end(error: ErrorRecord): Promise<void> {
    this.#jobs.takeBackAll()
    const { current } = this.#jobs
    if (current !== undefined) current.killedBy ??= error
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
    if (message.kind === 'ready') this.#beReady(message)
    else if (message.kind === 'output') this.#takeOutput(message.stream, message.text)
    else if (message.kind === 'call') void this.#answer(message)
    else if (message.kind === 'late') this.#jobs.comeBack(message.ids)
    else this.#settle(this.#jobs.find(message.id), message.result, message.isClean)
  }

  #beReady({ dialect, systemThread }: Extract<FromThread, { kind: 'ready' }>): void {
    if (dialect !== DIALECT) {
      this.#options.onOtherSources()
      return this.#endBy(otherSources())
    }
    this.#systemThread = systemThread
    this.#how = { ...this.#how, wasReady: true }
    if (this.#jobs.current !== undefined) this.#guardMemory()
  }

  /** Not before the thread is ready: it would not answer. */
  #guardMemory(): void {
    this.#guard.watch(this.#worker, () => this.#endBy(outOfMemory(this.#options.maxHeapMb)))
  }

  #takeOutput(stream: 'stdout' | 'stderr', text: string): void {
    this.#jobs.current?.lines.push(stream, text)
    Atomics.sub(this.#cells, OUTPUT_CELL, text.length)
    Atomics.notify(this.#cells, OUTPUT_CELL)
  }

  async #answer(call: Extract<FromThread, { kind: 'call' }>): Promise<void> {
    const { current } = this.#jobs
    if (current === undefined) return
    const isJoin = call.method === 'joinDags'
    if (isJoin) this.#joins += 1
    await answerCall(call, current.host, (...answer) => this.#post(...answer))
    if (isJoin) this.#joins -= 1
  }

  #kill(job: ThreadJob, error: ErrorRecord, graceMs: number): void {
    if (!this.#jobs.has(job) || job.killedBy !== null || this.#jobs.takeBack(job)) return
    job.killedBy = error
    this.#post({ kind: 'abort', id: job.id, error })
    // None of them has to wait for the end of this one.
    this.#jobs.takeBackAll()
    // When one behind it has begun, this one has ended, and its answer is on its way: the thread is not ended for it any more.
    if (this.#jobs.last === job) job.graceTimer = this.#options.clock.timer(graceMs, () => this.#terminate())
  }

  #settle(job: ThreadJob | undefined, result: JobResult, isClean: boolean): void {
    if (job === undefined) return
    const mayGoOn = isClean && job.killedBy === null && !this.#isEnded
    if (!mayGoOn) this.#jobs.takeBackAll()
    this.#jobs.remove(job)
    const next = this.#jobs.current
    if (next !== undefined) this.#jobs.tellTurn(next)
    else {
      if (job.killedBy !== null && !this.#isEnded) killChildrenOf(this.#systemThread)
      this.#rest(mayGoOn)
    }
    job.settle(job.killedBy === null ? result : abortedResult(job.killedBy))
  }

  /** The job whose turn it was is to begin elsewhere, in the place that it has: so none of those behind it may begin here in that same place. */
  #restart(): void {
    // What is taken back here may be the next one whose turn it was.
    if (this.#isRestarting) return
    this.#isRestarting = true
    this.#jobs.takeBackAll()
    this.#isRestarting = false
    const { current } = this.#jobs
    if (current === undefined) this.#rest(!this.#isEnding)
    else this.#jobs.tellTurn(current)
  }

  /** Nothing is to be done any more. */
  #rest(isReusable: boolean): void {
    this.#guard.rest()
    this.#hold(false)
    this.#options.onFree(this, isReusable)
  }

  #endBy(error: ErrorRecord): void {
    this.#how = { ...this.#how, error }
    this.#terminate()
  }

  /** Programs that an earlier task left running on purpose are not ours to end. */
  #terminate(): void {
    this.#isEnding = true
    this.#jobs.takeBackAll()
    if (!this.#isEnded) this.#end.begin(this.#worker, this.#jobs.current === undefined ? null : this.#systemThread)
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
    this.#jobs.takeBackAll()
    this.#settle(this.#jobs.current, failedResult(describeEnd(this.#how, this.#options.maxHeapMb)), false)
    this.#options.onEnd(this)
    this.#ended.resolve()
  }

  /** What the thread posted before it ended is still on its way. */
  #drain(): void {
    for (let next = receiveMessageOnPort(this.#port); next !== undefined; next = receiveMessageOnPort(this.#port)) {
      this.#receive(next.message as FromThread)
    }
  }

  #queue({ id, slot }: ThreadJob, { job, moved }: PackedJob, beginBeforeNs: bigint | null): void {
    this.#moved.push(...moved)
    this.#unposted.push({ id, slot, job, beginBeforeNs })
  }

  /** Waking the thread costs more than a tiny job. */
  #postJobs(): void {
    if (this.#unposted.length === 0) return
    try {
      this.#post({ kind: 'jobs', jobs: this.#unposted.splice(0) }, this.#moved.splice(0))
    } catch (error) {
      // The thread would never answer for them.
      this.#endBy(toErrorRecord(error))
    }
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

interface PackedJob {
  job: Job
  moved: ArrayBuffer[]
}

/** Copies: the caller may need the bytes for another attempt. */
function pack(job: Job): PackedJob {
  const all: ArrayBuffer[] = []
  const copy = (given: Uint8Array): Uint8Array => {
    const { bytes, moved } = packBytes(new Uint8Array(given))
    all.push(...moved)
    return bytes
  }
  const inputs = job.inputs.map((input): JobInput => ({ ...input, bytes: copy(input.bytes) }))
  const start = job.start === null ? null : copy(job.start)
  return { job: { ...job, inputs, start }, moved: all }
}
