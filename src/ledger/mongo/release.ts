/**
 * Claimed tasks are given back unfinished. Those that are given back at the same time, such as what was claimed ahead and got no place, share the
 * commands, and a task that is still as this process claimed it is not read again: a stop would have changed it. One that comes meanwhile takes
 * it for claimed, so it is looked for afterwards.
 */
import { attemptOf, isCurrentClaim } from '../../lease/fence.ts'
import type { Claim } from '../../lease/records.ts'
import { releaseTask } from '../../lease/release-task.ts'
import type { ReleaseRequest } from '../ledger.ts'
import { changeTask } from './change-task.ts'
import type { MongoContext } from './context.ts'
import type { WantedClaim } from './decisions.ts'
import { dagId, taskDoc, taskOf, type TaskDoc } from './documents.ts'
import { endingChange, followUp } from './follow-up.ts'
import { inParallel } from './in-parallel.ts'
import { cancelIfStopping, isStopping } from './stopping.ts'
import { writeTogether } from './write-together.ts'

export interface AskedRelease {
  claim: Claim
  request: ReleaseRequest
}

/** Repeating it changes nothing and is still true. */
export function release(context: MongoContext, claim: Claim, request: ReleaseRequest): Promise<boolean> {
  return context.releases.do({ claim, request }, asked => releaseAll(context, asked))
}

async function releaseAll(
  context: MongoContext,
  asked: readonly AskedRelease[],
): Promise<PromiseSettledResult<boolean>[]> {
  const token = context.newToken()
  const plans = plansOf(context, asked, token)
  const planned = plans.flatMap(plan => plan ?? [])
  for (const { claim } of asked) context.known.held.delete(claim.claimId)
  const areWritten = await writeTogether(context, planned, { isAlone: asked.length === 1 })
  if (!areWritten) {
    return settleEach(asked, (one, index) => releaseOne(context, one, plans[index] === undefined ? null : token))
  }
  for (const { before } of planned) context.known.noteEnd(before.claimId ?? '')
  const looking = cancelWhereStopping(
    context,
    planned.map(({ after }) => after),
  ).then(() => true)
  // When it fails, those that are given back one by one may keep everybody busy who is to wait for it.
  looking.catch(() => {})
  return settleEach(asked, (one, index) => (plans[index] === undefined ? releaseOne(context, one, null) : looking))
}

async function settleEach(
  asked: readonly AskedRelease[],
  work: (one: AskedRelease, index: number) => Promise<boolean>,
): Promise<PromiseSettledResult<boolean>[]> {
  return inParallel([...asked.entries()], async ([index, one]) => {
    const [settled] = await Promise.allSettled([work(one, index)])
    return settled
  })
}

/** For each the write that gives it back, when its task is known as it was claimed and is to wait again. */
function plansOf(context: MongoContext, asked: readonly AskedRelease[], token: string): (WantedClaim | undefined)[] {
  const planned = new Set<string>()
  return asked.map(({ claim, request }) => {
    const before = context.known.held.get(claim.claimId)
    if (before === undefined || before.stopping === true || planned.has(claim.claimId)) return undefined
    const task = taskOf(before)
    if (!isCurrentClaim(task, claim)) return undefined
    const released = releaseTask(task, request, { now: context.now(), stopping: false })
    if (released.state !== 'ready') return undefined
    planned.add(claim.claimId)
    return { before, after: taskDoc(released, before, { rev: before.rev + 1, token }) }
  })
}

async function releaseOne(
  context: MongoContext,
  { claim, request }: AskedRelease,
  tried: string | null,
): Promise<boolean> {
  const stopping = await isStopping(context, claim.task)
  const decide = (task: Parameters<typeof isCurrentClaim>[0]) => {
    if (!isCurrentClaim(task, claim)) return undefined
    return endingChange(releaseTask(task, request, { now: context.now(), stopping }))
  }
  const { doc, changed } = await changeTask(context, claim.task, decide, tried)
  if (doc === undefined) return false
  if (changed) context.known.noteEnd(claim.claimId)
  if (!changed && attemptOf(taskOf(doc), claim)?.end !== 'released') return false
  await settleFreed(context, doc)
  return true
}

async function cancelWhereStopping(context: MongoContext, docs: readonly TaskDoc[]): Promise<void> {
  const places = new Map(docs.map(doc => [dagId(doc.run, doc.dag), doc]))
  await inParallel([...places.values()], doc => cancelIfStopping(context, doc))
}

/** What follows when a task has left its session unfinished. */
export async function settleFreed(context: MongoContext, doc: TaskDoc): Promise<void> {
  await followUp(context, doc)
  if (doc.state === 'ready') await cancelIfStopping(context, doc)
}
