/** A claimed task is given back unfinished by its owner. */
import type { ErrorRecord } from '../core/errors.ts'
import { endAttempt } from './attempt-history.ts'
import type { TaskRecord } from './records.ts'

export interface Release {
  reason: string
  notBefore: number | null
  uncounted: boolean
  begun?: boolean
}

export function releaseTask(
  task: TaskRecord,
  { reason, notBefore, uncounted, begun = false }: Release,
  { now, stopping }: { now: number; stopping: boolean },
): TaskRecord {
  const error = { code: 'LF_RELEASED', message: reason }
  const released = {
    ...task,
    epoch: task.epoch + 1,
    claimId: null,
    owner: null,
    attempts: task.attempts - (uncounted ? 1 : 0),
    history: endAttempt(task.history, { end: 'released', endedAt: now, error }),
  }
  if (stopping) return { ...released, state: 'cancelled', endedAt: now }
  if (begun && task.effect === 'exclusive') return { ...released, state: 'lost', error: lostHalfway(reason) }
  // It keeps its place in the line: `readyAt` stays.
  return { ...released, state: 'ready', notBefore, readyAt: task.readyAt ?? now }
}

function lostHalfway(reason: string): ErrorRecord {
  return {
    code: 'LF_TASK_LOST',
    message: `The task was ended in its middle and must not run twice: ${reason}`,
    hint: 'Find out what the task did, then decide with `lf workflow resolve`.',
  }
}
