/** The fence: which claim may still write about a task. */
import type { AttemptEnd, AttemptRecord, Claim, TaskRecord } from './records.ts'

/** True while this claim holds the task. */
export function isCurrentClaim(task: TaskRecord | undefined, claim: Claim): task is TaskRecord {
  return task?.state === 'claimed' && task.epoch === claim.epoch && task.claimId === claim.claimId
}

export function isSameClaim(one: Claim, other: Claim): boolean {
  return one.task === other.task && one.epoch === other.epoch && one.claimId === other.claimId
}

/** The attempt that this claim began, when it is still remembered. */
export function attemptOf(task: TaskRecord, claim: Claim): AttemptRecord | undefined {
  return task.history.findLast(({ epoch, claimId }) => epoch === claim.epoch && claimId === claim.claimId)
}

/**
 * True when the attempt of this claim has already been recorded as finished: a repeated completion. Not so when it was recorded as timed
 * out and its owner, who completes it with another `outcome`, did not do that: somebody else ended the attempt in its place.
 */
export function isFinishedBy(task: TaskRecord, claim: Claim, outcome?: AttemptEnd): boolean {
  const end = attemptOf(task, claim)?.end ?? null
  if (end === 'timed-out' && outcome !== undefined && outcome !== end) return false
  return end !== null && end !== 'released' && end !== 'owner-died'
}

/** The claim that holds this task; only for a task that is claimed. */
export function claimOf({ id, epoch, claimId }: TaskRecord): Claim {
  return { task: id, epoch, claimId: claimId ?? '' }
}
