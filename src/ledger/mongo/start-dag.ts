/**
 * A task starts a copy of a DAG. The copy is registered first, under a unique (starter, key): a repeated attempt finds it and goes on with it.
 * Only then it is looked whether the claim holds. So a run cannot end around a copy: while the claim holds, the starter keeps the run
 * open, and whoever looks for open DAGs afterwards sees the copy.
 */
import { dagCopyName } from '../../../protocols/ids.ts'
import { MAX_DAGS_PER_RUN } from '../../../protocols/limits.ts'
import { LightflowError } from '../../core/errors.ts'
import type { Claim } from '../../lease/records.ts'
import type { DagPlan } from '../../workflow/plan.ts'
import type { NewDag } from '../ledger.ts'
import { unknownDag, unknownRun } from '../transactions/require-rows.ts'
import { runStopping, tooManyDags } from '../transactions/start-dag.ts'
import { blueprint, blueprintNames } from './blueprints.ts'
import { lossOf, requireClaimed } from './claimed-task.ts'
import { BOUNDED, type MongoContext } from './context.ts'
import { insertCopy, newDagDoc } from './dag-copies.ts'
import type { DagDoc, RunDoc } from './documents.ts'
import { endDagIfDone, endRunIfDone } from './ends.ts'
import { MAX_COPY_TRIES } from './mongo-limits.ts'
import { updateTasksOf } from './update-tasks-of.ts'

export async function startDag(context: MongoContext, start: NewDag): Promise<string> {
  for (;;) {
    const name = await tryStart(context, start)
    if (name !== undefined) return name
    // Somebody took the copy away: by right when the claim is lost, else a late attempt that lost it before.
    const lost = await lossOf(context, start.claim)
    if (lost !== null) throw lost
  }
}

/** Undefined when the copy was taken away from this attempt. */
async function tryStart(context: MongoContext, start: NewDag): Promise<string | undefined> {
  const starter = await requireClaimed(context, start.claim)
  const known = await findCopy(context, start)
  if (known !== null && known.state !== 'preparing') {
    if (known.todo === 'launch') await launchCopy(context, known)
    return known.name
  }
  const run = await context.get(context.collections.runs, starter.run)
  if (run === null) throw unknownRun(starter.run)
  const plan = await blueprint(context, run._id, start.blueprint)
  if (plan === undefined) {
    const message = `Workflow "${run.workflow}" has no DAG "${start.blueprint}".`
    throw unknownDag(message, start.blueprint, await blueprintNames(context, run._id))
  }
  if (run.stop !== null || run.state !== 'running') throw runStopping(run._id)
  const copy = known === null ? await register(context, run, plan, start) : await adopt(context, known, start.claim)
  if (copy === undefined || copy.state !== 'preparing') return copy?.name
  return prepare(context, copy, run, plan, start.claim)
}

/** Read surely: who goes on with a copy that is rolled back would wait for it for ever. */
async function findCopy(context: MongoContext, { claim, starterKey }: NewDag): Promise<DagDoc | null> {
  const { dags } = context.collections
  const found = await context.answers.ask(() => dags.findOne({ origin: originOf(claim.task, starterKey) }, BOUNDED))
  const copy = found === null ? null : await context.sure(dags, found._id)
  return copy?.state === 'void' ? null : copy
}

function originOf(starter: string, key: string): string {
  return `${starter}\n${key}`
}

/** A number that nobody else has, and a document that says who the copy is for. */
async function register(context: MongoContext, run: RunDoc, plan: DagPlan, start: NewDag): Promise<DagDoc | undefined> {
  const { dags, runs } = context.collections
  const { claim, starterKey, data } = start
  const counted = await context.answers.ask(() =>
    runs.findOneAndUpdate(
      { _id: run._id },
      { $inc: { dagSeq: 1 } },
      { ...BOUNDED, returnDocument: 'after', projection: { dagSeq: 1 } },
    ),
  )
  const seq = (counted?.dagSeq ?? 1) - 1
  if (seq >= MAX_DAGS_PER_RUN) throw tooManyDags(run._id)
  const origin = { origin: originOf(claim.task, starterKey), starter: claim.task, starterKey, data, by: claim.claimId }
  let copy = 0
  for (let tries = 0; tries < MAX_COPY_TRIES; tries++) {
    copy = Math.max(copy, await lastCopy(context, run._id, plan.name)) + 1
    const name = dagCopyName(plan.name, copy)
    const doc = newDagDoc(run, plan, { name, copy, seq, createdAt: context.now(), ...origin })
    if (await context.insert(dags, { ...doc, todo: 'prepare' })) return doc
    const known = await findCopy(context, start)
    if (known !== null) return known.state === 'preparing' ? adopt(context, known, claim) : known
  }
  throw new LightflowError('LF_LEDGER_BUSY', `Too many copies of DAG "${plan.name}" are started at the same time.`, {
    hint: 'It is tried again.',
  })
}

async function lastCopy(context: MongoContext, run: string, name: string): Promise<number> {
  const options = { sort: { copy: -1 }, limit: 1, projection: { copy: 1 } } as const
  const [last] = await context.list(context.collections.dags, { run, blueprint: name }, options)
  return last?.copy ?? 0
}

/** The attempt that holds the claim now goes on where another one broke off. Undefined when there is nothing to go on with. */
async function adopt(context: MongoContext, { _id }: DagDoc, { claimId }: Claim): Promise<DagDoc | undefined> {
  const { dags } = context.collections
  await context.update(dags, { _id, state: 'preparing' }, { $set: { by: claimId } })
  const copy = await context.sure(dags, _id)
  return copy === null || copy.state === 'void' ? undefined : copy
}

/** Undefined when the copy was taken away meanwhile. */
async function prepare(
  context: MongoContext,
  copy: DagDoc,
  run: RunDoc,
  plan: DagPlan,
  claim: Claim,
): Promise<string | undefined> {
  const { dags, runs } = context.collections
  const lost = await lossOf(context, claim)
  const { stop = null } = (await context.sure(runs, run._id)) ?? {}
  if (lost !== null || stop !== null) {
    await voidCopy(context, copy, claim.claimId)
    throw lost ?? runStopping(run._id)
  }
  await insertCopy(context, copy, plan, run)
  const published = { $set: { state: 'running' as const, todo: 'launch' as const }, $inc: { rev: 1 } }
  await context.update(dags, { _id: copy._id, state: 'preparing', by: claim.claimId }, published)
  const now = await context.sure(dags, copy._id)
  // What was inserted after it was voided is removed by who inserted it.
  if (now?.state === 'void') await removeParts(context, now)
  if (now === null || now.state === 'preparing' || now.state === 'void') return undefined
  await launchCopy(context, now)
  return copy.name
}

/** The first tasks become ready. */
export async function launchCopy(context: MongoContext, copy: DagDoc): Promise<void> {
  const { _id, run, name, size } = copy
  const { dags } = context.collections
  const change = { $set: { state: 'ready' as const, readyAt: context.now() }, $inc: { rev: 1 } }
  await updateTasksOf(context, copy, { source: true, state: 'blocked' }, change)
  if (size === 0 && (await endDagIfDone(context, run, name))) await endRunIfDone(context, run)
  await context.update(dags, { _id, todo: 'launch' }, { $unset: { todo: '' } })
}

/** A copy that was left half-made by an attempt that lost its claim: its number stays used, its key is free again. */
export async function voidAbandoned(context: MongoContext, copy: DagDoc): Promise<void> {
  const task = await context.sure(context.collections.tasks, copy.starter ?? '')
  if (task !== null && task.state === 'claimed' && task.claimId === copy.by) return
  await voidCopy(context, copy, copy.by)
  await endRunIfDone(context, copy.run)
}

async function voidCopy(context: MongoContext, copy: DagDoc, by: string | null): Promise<void> {
  const { dags } = context.collections
  const { _id } = copy
  const change = {
    $set: { state: 'void' as const, origin: `void\n${_id}` },
    $unset: { todo: '' as const },
    $inc: { rev: 1 },
  }
  if (await context.update(dags, { _id, state: 'preparing', by }, change)) await removeParts(context, copy)
}

async function removeParts(context: MongoContext, { run, name }: DagDoc): Promise<void> {
  const { tasks, edges } = context.collections
  await context.remove(tasks, { run, dag: name })
  await context.remove(edges, { run, dag: name })
}
