/** The fence: which claim may still write about a task. */
import type { AttemptRecord, Claim, TaskRecord } from './records.ts'

/** True while this claim holds the task. */
export function isCurrentClaim(task: TaskRecord | undefined, claim: Claim): task is TaskRecord {
  return task?.state === 'claimed' && task.epoch === claim.epoch && task.claimId === claim.claimId
}

/** The attempt that this claim began, when it is still remembered. */
export function attemptOf(task: TaskRecord, claim: Claim): AttemptRecord | undefined {
  return task.history.findLast(({ epoch, claimId }) => epoch === claim.epoch && claimId === claim.claimId)
}

/** True when the attempt of this claim has already been recorded as finished: a repeated completion. */
export function isFinishedBy(task: TaskRecord, claim: Claim): boolean {
  const end = attemptOf(task, claim)?.end ?? null
  return end !== null && end !== 'released' && end !== 'owner-died'
}

/** The claim that holds this task; only for a task that is claimed. */
export function claimOf({ id, epoch, claimId }: TaskRecord): Claim {
  return { task: id, epoch, claimId: claimId ?? '' }
}
