import type { ErrorRecord } from '../../src/core/errors.ts'
import type { Job, JobHost, JobResult, RunningJob, WorkerPool } from '../../src/workers/worker-pool.ts'

export type Script = (job: Job, host: JobHost, signal: AbortSignal) => Promise<Partial<JobResult> | void>

/** A worker pool whose "user code" is a function of the test; it is as obedient or as stubborn as that function. */
export class ScriptedPool implements WorkerPool {
  readonly started: string[] = []
  /** How often a task was told that the peer is to leave. */
  drains = 0
  readonly #script: Script

  constructor(script: Script) {
    this.#script = script
  }

  start(job: Job, host: JobHost): RunningJob {
    this.started.push(`${job.context.dagName}/${job.task}`)
    const abort = new AbortController()
    const killed = Promise.withResolvers<JobResult>()
    const run = async (): Promise<JobResult> => {
      try {
        return { ...DONE, ...(await this.#script(job, host, abort.signal)) }
      } catch (error) {
        return { ...DONE, outcome: 'failed', error: { code: 'TEST', message: String(error) } }
      }
    }
    return {
      result: Promise.race([run(), killed.promise]),
      stop() {},
      drain: () => {
        this.drains += 1
      },
      kill(error: ErrorRecord) {
        abort.abort()
        killed.resolve({ ...DONE, outcome: 'aborted', error })
      },
    }
  }

  async close(): Promise<void> {}
}

const DONE: JobResult = { outcome: 'done', bytes: null, limit: null, skipSuccessors: false, error: null }
