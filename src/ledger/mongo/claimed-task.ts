/** The task that a claim holds. */
import type { LightflowError } from '../../core/errors.ts'
import { isCurrentClaim } from '../../lease/fence.ts'
import type { Claim, TaskRecord } from '../../lease/records.ts'
import { claimLost } from '../transactions/require-rows.ts'
import type { MongoContext } from './context.ts'
import { taskOf } from './documents.ts'

/** `LF_CLAIM_LOST` when it does not hold it (any more), which is only believed from a sure read (R9). */
export async function requireClaimed(context: MongoContext, claim: Claim): Promise<TaskRecord> {
  const { tasks } = context.collections
  const seen = await context.get(tasks, claim.task)
  if (seen !== null && isCurrentClaim(taskOf(seen), claim)) return taskOf(seen)
  const doc = await context.sure(tasks, claim.task)
  if (doc !== null && isCurrentClaim(taskOf(doc), claim)) return taskOf(doc)
  throw claimLost(claim)
}

/** The error that says so when this claim does not hold; null while it surely does. */
export async function lossOf(context: MongoContext, claim: Claim): Promise<LightflowError | null> {
  const doc = await context.sure(context.collections.tasks, claim.task)
  return doc !== null && isCurrentClaim(taskOf(doc), claim) ? null : claimLost(claim)
}
