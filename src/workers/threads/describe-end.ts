/** Why a thread ended before its task did, in words. */
import type { ErrorRecord } from '../../core/errors.ts'

export interface HowEnded {
  /** What Node reported before the thread ended; null when it just left. */
  error: ErrorRecord | null
  exitCode: number | null
  /** It had got as far as taking jobs. */
  wasReady: boolean
}

export function describeEnd({ error, exitCode, wasReady }: HowEnded, maxHeapMb: number): ErrorRecord {
  if (error?.code === OUT_OF_MEMORY || error?.code === SOURCES_CHANGED) return error
  if (error?.code === 'ERR_WORKER_OUT_OF_MEMORY') return outOfMemory(maxHeapMb)
  if (!wasReady) return failedToStart(error)
  if (error !== null) return crashed(error)
  return {
    code: 'LF_TASK_EXITED',
    message: `The task ended its worker by process.exit(${exitCode ?? ''}).`,
    hint: 'Return from the callback to finish a task, or throw an error to fail it.',
  }
}

const NOT_STARTED = 'LF_WORKER_NOT_STARTED'
const SOURCES_CHANGED = 'LF_SOURCES_CHANGED'
const OUT_OF_MEMORY = 'LF_TASK_OUT_OF_MEMORY'

export function outOfMemory(maxHeapMb: number): ErrorRecord {
  return {
    code: OUT_OF_MEMORY,
    message: `The task used more memory than its worker may have (${maxHeapMb} MB).`,
    hint: 'Work on less at a time, or keep large arrays in typed arrays and Buffers, which are not counted.',
  }
}

/** The thread was started from files that are not those from which its peer runs. */
export function otherSources(): ErrorRecord {
  return {
    code: SOURCES_CHANGED,
    message: 'Lightflow was changed here while this peer was running: it can begin no task any more.',
    hint: 'Start the peer again: lf node. Its tasks go on there, or at other peers.',
  }
}

function failedToStart(error: ErrorRecord | null): ErrorRecord {
  return {
    code: NOT_STARTED,
    message: `The worker for the task did not start: ${error?.message ?? 'it ended at once'}`,
    hint: 'Often the machine has no memory or threads left: lower --capacity, or see what else runs there.',
    ...(error?.stack === undefined ? {} : { stack: error.stack }),
  }
}

function crashed({ message, stack }: ErrorRecord): ErrorRecord {
  return {
    code: 'LF_TASK_CRASHED',
    message: `The task crashed its worker outside of its callback: ${message}`,
    hint: 'An event handler, a timer or a promise that nobody awaits threw this: await it, or handle its error.',
    ...(stack === undefined ? {} : { stack }),
  }
}
