/**
 * Of the runs that try each other again at most one runs: whoever publishes the next one first writes its id into the first of them, on
 * condition that the newest so far stands there and runs no more. A draft whose id stands there and that was not published yet is given up:
 * of giving it up and publishing it one wins.
 */
import type { RunRecord } from '../../lease/records.ts'
import { checkNewestRetry } from '../../lease/retry-once.ts'
import type { MongoContext } from './context.ts'
import type { RunDoc } from './documents.ts'
import { giveUp } from './drafts.ts'

/** Throws `LF_RUN_RETRIED`. For an early answer; `takeTurn` decides. */
export async function checkTurn(context: MongoContext, run: string, again: boolean): Promise<void> {
  checkNewestRetry(run, shown(await newestOf(context, await firstRun(context, run))), again)
}

/** Before the draft of a retry is published. When it is not its turn: `LF_RUN_RETRIED`, and the draft is given up. */
export async function takeTurn(context: MongoContext, draft: string, run: string, again: boolean): Promise<void> {
  const { runs } = context.collections
  for (;;) {
    const first = await firstRun(context, run)
    if (first === null || first.newestRetry === draft) return
    const newest = await newestOf(context, first)
    if (newest !== null && newest.draft && newest.todo === 'submit') {
      await giveUp(context, newest._id)
      continue
    }
    try {
      checkNewestRetry(run, shown(newest), again)
    } catch (error) {
      await giveUp(context, draft)
      throw error
    }
    const asSeen = { _id: first._id, newestRetry: first.newestRetry ?? { $exists: false } }
    await context.update(runs, asSeen, { $set: { newestRetry: draft } })
  }
}

/** The one that the run tries again, and that one again, and so on; as far as they are known. */
async function firstRun(context: MongoContext, run: string): Promise<RunDoc | null> {
  let first: RunDoc | null = null
  for (let id: string | undefined = run; id !== undefined;) {
    const before: RunDoc | null = await context.sure(context.collections.runs, id)
    if (before === null) break
    first = before
    id = before.retryOf
  }
  return first
}

async function newestOf(context: MongoContext, first: RunDoc | null): Promise<RunDoc | null> {
  return first?.newestRetry === undefined ? null : context.sure(context.collections.runs, first.newestRetry)
}

/** What was never published never ran. */
function shown(doc: RunDoc | null): Pick<RunRecord, 'id' | 'state'> | undefined {
  return doc === null || doc.draft ? undefined : { id: doc._id, state: doc.state }
}
