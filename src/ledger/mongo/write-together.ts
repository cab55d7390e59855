/** Claimed tasks that leave their session at the same time are written by one command, each on condition that it is as it was claimed. */
import { replaceAll } from './claims.ts'
import type { MongoContext } from './context.ts'
import type { WantedClaim } from './decisions.ts'
import type { StrikeOff } from './strike-offs.ts'

interface Group {
  /** Somebody asked for this one alone: nobody else suffers by what is wrong with it, and there is nobody to find that out for. */
  isAlone: boolean
  /** Goes with it. */
  struck?: StrikeOff
}

/** Whether all of it was written by this very command; otherwise each of those who asked is looked at. */
export async function writeTogether(
  context: MongoContext,
  planned: readonly WantedClaim[],
  { isAlone, struck }: Group,
): Promise<boolean> {
  let isAnswered = false
  try {
    return await context.answers.ask(async (again, stillWanted) => {
      if (again || planned.length === 0) return false
      stillWanted()
      const matched = await replaceAll(context.collections.tasks, planned, struck?.operations)
      isAnswered = true
      return matched === planned.length + (struck?.count ?? 0)
    })
  } catch (error) {
    // What is wrong with one of them is not to be the fate of all, nor of those that were not even planned.
    if (isAlone) throw error
    return false
  } finally {
    // Once it is answered, what it did not meet needs no striking off: again, it would be missed again.
    if (!isAnswered) struck?.putBack()
  }
}
