/** How claims stand that were won before. */
import { claimOf, isCurrentClaim } from '../../lease/fence.ts'
import type { Claim } from '../../lease/records.ts'
import type { ClaimStanding } from '../ledger.ts'
import type { MongoContext } from './context.ts'
import { dagId, taskOf } from './documents.ts'
import { inParallel } from './in-parallel.ts'

/** How these claims stand. `lost` ends hours of work, so it is only said after a sure read (R9). */
export async function verify(context: MongoContext, claims: readonly Claim[]): Promise<ClaimStanding[]> {
  const { tasks, sessions, runs, dags } = context.collections
  const docs = await context.listByIds(
    tasks,
    claims.map(({ task }) => task),
  )
  const held = [...docs.values()]
  const [owners, runDocs, dagDocs] = await Promise.all([
    context.listByIds(
      sessions,
      held.flatMap(({ owner }) => owner ?? []),
    ),
    context.listByIds(
      runs,
      held.map(({ run }) => run),
      { state: 1, stop: 1 },
    ),
    context.listByIds(
      dags,
      held.map(({ run, dag }) => dagId(run, dag)),
      { state: 1, stop: 1 },
    ),
  ])
  return inParallel(claims, async claim => {
    const doc = docs.get(claim.task)
    const owner = owners.get(doc?.owner ?? '')
    const holds =
      doc !== undefined && isCurrentClaim(taskOf(doc), claim) && owner !== undefined && owner.state !== 'dead'
    if (!holds && !(await holdsSurely(context, claim))) return 'lost'
    const stop = runDocs.get(doc?.run ?? '')?.stop ?? dagDocs.get(dagId(doc?.run ?? '', doc?.dag ?? ''))?.stop ?? null
    return stop === null ? 'current' : 'stopping'
  })
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
