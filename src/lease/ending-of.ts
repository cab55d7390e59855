import type { TaskRecord } from './records.ts'
import type { Ending } from './votes.ts'

/** States of tasks that say something. */
export const ENDS_THAT_TELL: readonly TaskRecord['state'][] = ['done', 'skipped', 'stopped']

/** What a task that has ended says to its successors; undefined while it has not, and when it says nothing (it failed, or was cancelled). */
export function endingOf(
  task: Pick<TaskRecord, 'state' | 'limit' | 'propagateSkip'> & { skipSuccessors?: boolean | undefined },
): Ending | undefined {
  const { state, limit, propagateSkip, skipSuccessors = true } = task
  if (state === 'done') return { state, limit }
  if (state === 'skipped') return { state, propagateSkip }
  return state === 'stopped' ? { state, skipSuccessors } : undefined
}
