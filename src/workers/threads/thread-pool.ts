/**
 * Workers as threads of the peer's process. Every attempt has a thread to itself while it runs; threads that are done are kept warm for the next
 * attempt of the same bundle, and one that has loaded the library alone stands ready, for as long as there is work now and then: a peer that has
 * nothing to do for a while keeps none. A thread whose task was killed, crashed, exited or
 * left something running is replaced.
 */
import { type Clock, systemClock, type Timer } from '../../core/clock.ts'
import { toErrorRecord } from '../../core/errors.ts'
import { abortedResult, failedResult, poolClosed } from '../job-results.ts'
import type { Job, JobHost, JobResult, LinedUpJob, LineUp, RunningJob, WorkerPool } from '../worker-pool.ts'
import { idleLimit, idleToEnd } from './decide-idle.ts'
import { type HowEnded, describeEnd } from './describe-end.ts'
import { TaskThread } from './task-thread.ts'

export interface ThreadPoolOptions {
  /** Idle threads kept after use in any case; see `decide-idle.ts` for which goes first. About 15 MB each. */
  maxIdle?: number
  /** Tasks that run at a time: while fewer do, so many threads are kept. */
  capacity?: number
  /** Threads that have loaded no workflow yet and stand ready, once there was work. */
  prewarmed?: number
  /** A thread that has been idle for this long is ended; when no job has run for this long, all are. */
  keepForMs?: number
  /** Memory for the objects of one task; typed arrays and Buffers are not counted. */
  maxHeapMb?: number
  /** Where compiled code is kept between starts: a thread then starts in a third of the time. None when absent. */
  codeCacheFolder?: string
  /** Called, perhaps often, when the sources of threads have changed since the peer was started: it can begin no task any more. */
  onOtherSources?: () => void
}

/** What begins now needs the cores: the thread that is to stand ready for the next one is made when most of that is over. */
const PREWARM_AFTER_MS = 200

const DEFAULTS = {
  maxIdle: 8,
  capacity: 0,
  prewarmed: 1,
  keepForMs: 60_000,
  maxHeapMb: 2048,
  onOtherSources: (): void => {},
}

export class ThreadPool implements WorkerPool {
  readonly #clock: Pick<Clock, 'monotonicMs' | 'timer'>
  readonly #options: ThreadPoolOptions & typeof DEFAULTS
  /** Every thread that has not ended. */
  readonly #threads = new Set<TaskThread>()
  readonly #blank = new Set<TaskThread>()
  /** Longest idle first, each with what ends it in time: it keeps a whole workflow, which may be one that is over. */
  readonly #idle = new Map<TaskThread, Timer>()
  /** Were idle, and are ending. */
  readonly #leaving = new Set<TaskThread>()
  #resting: Timer | null = null
  #prewarming: Timer | null = null
  #isClosed = false
  #stuck = 0

  constructor(
    { clock = systemClock }: { clock?: Pick<Clock, 'monotonicMs' | 'timer'> } = {},
    options: ThreadPoolOptions = {},
  ) {
    this.#clock = clock
    this.#options = { ...DEFAULTS, ...options }
  }

  start(job: Job, host: JobHost): RunningJob {
    if (this.#isClosed) return settled(abortedResult(poolClosed))
    try {
      const thread = this.#takeIdle(job.bundleFile) ?? this.#spawn()
      const running = thread.run(job, host)
      this.#prewarmSoon()
      this.#resting?.cancel()
      this.#endSurplus()
      return running
    } catch (error) {
      return settled(failedResult(describeEnd(notStarted(error), this.#options.maxHeapMb)))
    }
  }

  /** Behind the job that has the fewest behind it. */
  lineUp(job: Job, host: JobHost, lineUp: LineUp): LinedUpJob | null {
    let best: TaskThread | undefined
    let most = 0
    for (const thread of this.#isClosed ? [] : this.#threads) {
      const room = thread.roomFor(job.bundleFile)
      if (room > most) [best, most] = [thread, room]
    }
    return best?.lineUp(job, host, lineUp) ?? null
  }

  /** Threads that could not be ended. The process cannot end in order any more: it would wait for them. */
  get stuckThreads(): number {
    return this.#stuck
  }

  get #running(): number {
    return this.#threads.size - this.#idle.size - this.#blank.size - this.#leaving.size
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#resting?.cancel()
    this.#prewarming?.cancel()
    await Promise.all(Array.from(this.#threads, thread => thread.end(poolClosed)))
  }

  #takeIdle(bundleFile: string): TaskThread | undefined {
    const used = Array.from(this.#idle.keys()).findLast(one => one.bundleFile === bundleFile)
    const thread = used ?? this.#blank.values().next().value
    if (thread !== undefined) this.#leave(thread)
    return thread
  }

  #spawn(): TaskThread {
    const { maxHeapMb, codeCacheFolder, onOtherSources } = this.#options
    const thread = new TaskThread({
      clock: this.#clock,
      env: codeCacheFolder === undefined ? process.env : { NODE_COMPILE_CACHE: codeCacheFolder, ...process.env },
      maxHeapMb,
      onOtherSources,
      onFree: (one, isReusable) => this.#free(one, isReusable),
      onEnd: one => {
        if (one.isStuck) this.#stuck += 1
        this.#threads.delete(one)
        this.#leaving.delete(one)
        this.#leave(one)
        this.#rest()
      },
    })
    this.#threads.add(thread)
    return thread
  }

  #free(thread: TaskThread, isReusable: boolean): void {
    if (!isReusable || this.#isClosed) return void thread.end(poolClosed)
    this.#idle.get(thread)?.cancel()
    this.#idle.set(
      thread,
      this.#clock.timer(this.#options.keepForMs, () => this.#endIdle(thread)),
    )
    this.#endSurplus()
    this.#rest()
  }

  #endSurplus(): void {
    const limit = idleLimit({ ...this.#options, running: this.#running })
    while (this.#idle.size > limit) this.#endIdle(idleToEnd(Array.from(this.#idle.keys()))!)
  }

  /** No job runs any more: the threads are kept in case that another comes soon. */
  #rest(): void {
    this.#resting?.cancel()
    if (this.#isClosed || this.#running > 0) return
    this.#resting = this.#clock.timer(this.#options.keepForMs, () => this.#endAll())
  }

  #endAll(): void {
    for (const thread of [...this.#idle.keys(), ...this.#blank]) this.#endIdle(thread)
  }

  #endIdle(thread: TaskThread): void {
    this.#leave(thread)
    this.#leaving.add(thread)
    void thread.end(poolClosed)
  }

  #leave(thread: TaskThread): void {
    this.#blank.delete(thread)
    this.#idle.get(thread)?.cancel()
    this.#idle.delete(thread)
  }

  #prewarmSoon(): void {
    if (this.#blank.size >= this.#options.prewarmed) return
    this.#prewarming ??= this.#clock.timer(PREWARM_AFTER_MS, () => {
      this.#prewarming = null
      this.#prewarm()
    })
  }

  /** A machine that has no thread to spare now is no error: the next task asks for one itself. */
  #prewarm(): void {
    try {
      while (this.#blank.size < this.#options.prewarmed) this.#blank.add(this.#spawn())
    } catch {
      return
    }
  }
}

function notStarted(error: unknown): HowEnded {
  return { error: toErrorRecord(error), exitCode: null, wasReady: false }
}

function settled(result: JobResult): RunningJob {
  return { result: Promise.resolve(result), stop() {}, drain() {}, kill() {} }
}
