/** How claims stand that were won before. */
import { claimOf, isCurrentClaim } from '../../lease/fence.ts'
import type { Claim } from '../../lease/records.ts'
import type { ClaimStanding } from '../ledger.ts'
import type { MongoContext } from './context.ts'
import { taskOf, type TaskDoc } from './documents.ts'
import { inParallel } from './in-parallel.ts'

/**
 * How these claims stand. `lost` ends hours of work, so it is only said after a sure read (R9). That a run or DAG is being stopped is noted in
 * what is claimed of it, before the stop is acknowledged.
 */
export async function verify(context: MongoContext, claims: readonly Claim[]): Promise<ClaimStanding[]> {
  const hasEnded = ({ claimId }: Claim) => context.known.ended.get(claimId) === true
  const asked = claims.filter(claim => !hasEnded(claim))
  const docs = await context.listByIds(
    context.collections.tasks,
    asked.map(({ task }) => task),
  )
  return inParallel(claims, async claim => {
    // Perhaps while that was read.
    if (hasEnded(claim)) return 'lost'
    const doc = docs.get(claim.task)
    const isHeld = doc !== undefined && isCurrentClaim(taskOf(doc), claim) && (await isOwned(context, doc))
    if (!isHeld && !(await holdsSurely(context, claim))) return 'lost'
    return doc?.stopping === true ? 'stopping' : 'current'
  })
}

async function isOwned(context: MongoContext, { owner }: TaskDoc): Promise<boolean> {
  const session = await context.session(owner ?? '')
  return session !== null && session.state !== 'dead'
}

async function holdsSurely(context: MongoContext, claim: Claim): Promise<boolean> {
  const doc = await context.sure(context.collections.tasks, claim.task)
  if (doc === null || !isCurrentClaim(taskOf(doc), claim)) return false
  const owner = await context.sure(context.collections.sessions, doc.owner ?? '')
  return owner !== null && owner.state !== 'dead'
}

export async function claimsOf(context: MongoContext, session: string): Promise<Claim[]> {
  const { tasks } = context.collections
  const sort = { run: 1, dagSeq: 1, index: 1 } as const
  return (await context.list(tasks, { state: 'claimed', owner: session }, { sort })).map(doc => claimOf(taskOf(doc)))
}
