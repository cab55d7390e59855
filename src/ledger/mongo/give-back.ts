/** A task leaves its session unfinished without a word of it: taken from the dead, or decided by an operator. */
import type { SessionRecord } from '../../lease/records.ts'
import { resolveTask, type Resolution } from '../../lease/resolve-task.ts'
import { takeOver } from '../../lease/take-over.ts'
import { MAX_RECLAIMS_PER_CALL } from '../ledger-limits.ts'
import type { ReclaimedTask } from '../ledger.ts'
import { unknownTask } from '../transactions/require-rows.ts'
import { changeTask } from './change-task.ts'
import { BOUNDED, type MongoContext } from './context.ts'
import type { TaskDoc } from './documents.ts'
import { endingChange } from './follow-up.ts'
import { inParallel } from './in-parallel.ts'
import { settleFreed } from './release.ts'
import { isStopping } from './stopping.ts'

export async function reclaim(context: MongoContext, limit: number): Promise<ReclaimedTask[]> {
  const { tasks } = context.collections
  // Owners first, sessions second: a claim that is seen was made by a session that was there before it.
  const owners = await context.answers.ask(() => tasks.distinct('owner', { state: 'claimed' }, BOUNDED))
  const dead = await deadOf(
    context,
    owners.flatMap(owner => owner ?? []),
  )
  if (dead.size === 0) return []
  const orphans = { state: 'claimed' as const, owner: { $in: [...dead.keys()] } }
  const found = await context.list(tasks, orphans, { limit: Math.min(limit, MAX_RECLAIMS_PER_CALL) })
  return (await inParallel(found, doc => reclaimOne(context, doc, dead))).flatMap(reclaimed => reclaimed ?? [])
}

/** Those of these sessions that are dead or forgotten, with what is known of them: believed only when it cannot be rolled back. */
async function deadOf(
  context: MongoContext,
  ids: readonly string[],
): Promise<Map<string, Pick<SessionRecord, 'deathProof'>>> {
  const { sessions } = context.collections
  const dead = new Map<string, Pick<SessionRecord, 'deathProof'>>()
  const nowMs = context.clock.monotonicMs()
  const unseen = ids.filter(id => context.known.session(id, nowMs) === undefined)
  const known = await context.listByIds(sessions, unseen, { state: 1 })
  for (const id of unseen) {
    if (isOpenSession(known.get(id))) continue
    const session = await context.sure(sessions, id)
    if (session === null) dead.set(id, { deathProof: null })
    else if (session.state === 'dead') dead.set(id, session)
  }
  return dead
}

function isOpenSession(session: Pick<SessionRecord, 'state'> | undefined): boolean {
  return session !== undefined && session.state !== 'dead'
}

async function reclaimOne(
  context: MongoContext,
  orphan: TaskDoc,
  dead: ReadonlyMap<string, Pick<SessionRecord, 'deathProof'>>,
): Promise<ReclaimedTask | undefined> {
  const from = orphan.owner ?? ''
  const stopping = await isStopping(context, orphan._id)
  const { doc, changed } = await changeTask(context, orphan._id, task => {
    if (task?.state !== 'claimed' || task.owner !== orphan.owner || task.epoch !== orphan.epoch) return undefined
    const proof = dead.get(from)?.deathProof ?? null
    return endingChange(takeOver(task, { proof, now: context.now(), stopping }))
  })
  if (!changed || doc === undefined) return undefined
  await settleFreed(context, doc)
  return { task: doc._id, run: doc.run, from, state: doc.state, queue: doc.queue }
}

export async function resolve(context: MongoContext, id: string, resolution: Resolution, by: string): Promise<boolean> {
  const { doc, changed } = await changeTask(context, id, task => {
    if (task?.state !== 'lost') return undefined
    return endingChange(resolveTask(task, resolution, { by, now: context.now() }))
  })
  if (doc === undefined) throw unknownTask(id)
  if (changed) await settleFreed(context, doc)
  return changed
}
