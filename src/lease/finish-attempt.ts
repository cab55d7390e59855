/** What a claimed task becomes when its attempt ends by itself: a result, an error, a stop. */
import type { ErrorRecord } from '../core/errors.ts'
import { endAttempt } from './attempt-history.ts'
import { MAX_BACKOFF_MS } from './lease-limits.ts'
import type { PayloadRef, TaskRecord } from './records.ts'

export interface AttemptOutcome {
  outcome: 'done' | 'stopped' | 'failed' | 'aborted' | 'timed-out'
  out: PayloadRef | null
  limit: string[] | null
  error: ErrorRecord | null
}

/** `stopping`: the run or the DAG starts nothing new, so that a failed attempt is not repeated, and what was done may be a part. */
export function finishAttempt(
  task: TaskRecord,
  result: AttemptOutcome,
  { now, stopping }: { now: number; stopping: boolean },
): TaskRecord {
  const error = result.error ?? MISSING_ERRORS[result.outcome]
  const history = endAttempt(task.history, { end: result.outcome, endedAt: now, error })
  const ended = { ...task, owner: null, endedAt: now, error, history }
  const late = stopping ? { afterStop: true as const } : {}
  if (result.outcome === 'done') return { ...ended, ...late, state: 'done', out: result.out, limit: result.limit }
  if (result.outcome === 'stopped') return { ...ended, ...late, state: 'stopped', out: result.out }
  if (result.outcome === 'aborted') return { ...ended, state: 'aborted' }
  return afterFailure({ ...ended, failures: task.failures + 1 }, { now, stopping })
}

function afterFailure(task: TaskRecord, { now, stopping }: { now: number; stopping: boolean }): TaskRecord {
  if (stopping || task.failures > task.retries) return { ...task, state: 'failed' }
  const waitMs = backoffOf(task)
  return {
    ...task,
    state: 'ready',
    claimId: null,
    notBefore: waitMs > 0 ? now + waitMs : null,
    readyAt: now,
    endedAt: null,
  }
}

/** Wait before the next attempt: doubles with every failure. */
export function backoffOf({ backoffMs, failures }: Pick<TaskRecord, 'backoffMs' | 'failures'>): number {
  return Math.min(backoffMs * 2 ** Math.max(0, failures - 1), MAX_BACKOFF_MS)
}

const MISSING_ERRORS: Readonly<Record<AttemptOutcome['outcome'], ErrorRecord | null>> = {
  done: null,
  stopped: null,
  failed: { code: 'LF_TASK_FAILED', message: 'The task failed without saying why.' },
  'timed-out': { code: 'LF_TASK_TIMEOUT', message: 'The task took longer than its timeout.' },
  aborted: { code: 'LF_TASK_ABORTED', message: 'The task aborted the workflow.' },
}
