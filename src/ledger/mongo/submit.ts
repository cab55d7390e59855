/**
 * A workflow becomes a run: everything of it is prepared where nobody looks, then published by one write, then launched. Each part has an
 * id of its own that follows from the run's, so a submission that broke off is completed by repeating it.
 */
import { dagCopyName } from '../../../protocols/ids.ts'
import { LightflowError } from '../../core/errors.ts'
import type { RetriedDag } from '../../lease/retry-run.ts'
import type { DagPlan, WorkflowPlan } from '../../workflow/plan.ts'
import type { NewRun } from '../ledger.ts'
import { leavesOf } from '../store-leaves.ts'
import { checkSize, headOf, isSameSubmission, runExists } from '../transactions/submit.ts'
import { putBlueprints } from './blueprints.ts'
import type { MongoContext } from './context.ts'
import { insertCopy, newDagDoc } from './dag-copies.ts'
import { runOf, type RunDoc } from './documents.ts'
import { endDagIfDone, endRunIfDone } from './ends.ts'
import { inParallel } from './in-parallel.ts'
import { prepareRetry, readRetry } from './retry.ts'
import { checkTurn, takeTurn } from './retry-once.ts'
import { putFirstLeaves } from './store.ts'
import { updateTasksOfAll } from './update-tasks-of.ts'

/** `submission.plan` is the one that `planFor` made. */
export async function submit(context: MongoContext, submission: NewRun): Promise<RunDoc> {
  const { runs } = context.collections
  checkSize(submission.plan)
  checkShape(submission.plan)
  const retried = await readOld(context, submission)
  const draft = await claimId(context, submission, retried)
  if (draft.draft) {
    await putBlueprints(context, draft._id, submission.plan.dags)
    await prepare(context, draft, submission)
    const { retryOf, again = false } = submission
    if (retryOf !== undefined) await takeTurn(context, draft._id, retryOf, again)
    const publish = { $set: { draft: false, todo: 'launch' as const } }
    await context.update(runs, { _id: draft._id, draft: true, todo: 'submit' }, publish)
    const published = await context.sure(runs, draft._id)
    if (published === null || published.draft) throw givenUp(draft._id)
    await launchRun(context, published)
  }
  return (await context.get(runs, draft._id)) ?? draft
}

/** Whatever is wrong with a retry is found before anything is written. */
async function readOld(context: MongoContext, submission: NewRun): Promise<RetriedDag[] | undefined> {
  const { id, retryOf, again = false } = submission
  if (retryOf === undefined) return undefined
  const copies = await readRetry(context, retryOf, startOf(submission, context.now()))
  // Not when it is repeated: its turn was decided then.
  if ((await context.get(context.collections.runs, id)) === null) await checkTurn(context, retryOf, again)
  return copies
}

function startOf({ id, priority, plan }: Pick<NewRun, 'id' | 'priority' | 'plan'>, now: number) {
  return { run: id, priority, blueprints: plan.dags, now }
}

async function prepare(context: MongoContext, draft: RunDoc, submission: NewRun): Promise<void> {
  const { retryOf, args, plan } = submission
  if (retryOf === undefined) {
    const leaves = Object.entries(args).flatMap(([name, value]) => leavesOf(name, value))
    await putFirstLeaves(context, draft._id, leaves)
    await prepareCopies(context, draft, plan.dags)
    return
  }
  // Read again, as of the draft's own time: who repeats the submission makes the same documents.
  const copies = await readRetry(context, retryOf, startOf(submission, draft.createdAt))
  await prepareRetry(context, draft, retryOf, copies)
}

/** The run's document: new, or that of the same submission before. */
async function claimId(
  context: MongoContext,
  submission: NewRun,
  retried: readonly RetriedDag[] | undefined,
): Promise<RunDoc> {
  const { runs } = context.collections
  const { id, ...head } = headOf(submission, context.now())
  const copies = retried?.length ?? submission.plan.dags.filter(({ autostart }) => autostart).length
  const fresh: RunDoc = { _id: id, ...head, draft: true, rev: 0, dagSeq: copies, stopCause: null, todo: 'submit' }
  await context.insert(runs, fresh)
  const known = await context.sure(runs, id)
  if (known === null) throw runExists(id)
  if (!isSameSubmission(runOf(known), { id, ...head })) throw runExists(id)
  if (known.draft && known.todo !== 'submit') throw givenUp(id)
  return known
}

async function prepareCopies(context: MongoContext, run: RunDoc, plans: readonly DagPlan[]): Promise<void> {
  const first = plans.filter(({ autostart }) => autostart)
  await inParallel([...first.entries()], async ([seq, plan]) => {
    const name = dagCopyName(plan.name, 1)
    const origin = { origin: `submit\n${run._id}/${plan.name}`, starter: null, starterKey: null, data: null, by: null }
    const dag = newDagDoc(run, plan, { name, copy: 1, seq, createdAt: run.createdAt, ...origin })
    await context.insert(context.collections.dags, { ...dag, state: 'running' })
    await insertCopy(context, dag, plan, run)
  })
}

const OF_COPIES = { run: 1, name: 1, seq: 1, size: 1 } as const

/** The first tasks of a published run become ready; a run without tasks ends. */
export async function launchRun(context: MongoContext, { _id: id, retryOf }: RunDoc): Promise<void> {
  const { runs, dags } = context.collections
  const change = { $set: { state: 'ready' as const, readyAt: context.now() }, $inc: { rev: 1 } }
  // Copies that tasks start have names that are launched one by one.
  const first = { run: id, origin: { $gte: 'submit\n', $lt: 'submit\u000b' } }
  const copies = await context.list(dags, first, { projection: OF_COPIES })
  await updateTasksOfAll(context, copies, { source: true, state: 'blocked' }, change)
  await inParallel(
    copies.filter(({ size }) => size === 0),
    ({ name }) => endDagIfDone(context, id, name),
  )
  if (retryOf !== undefined) await launchRetry(context, id)
  await context.update(runs, { _id: id, todo: 'launch' }, { $unset: { todo: '' } })
  if (copies.every(({ size }) => size === 0)) await endRunIfDone(context, id)
}

/** What is marked becomes ready, in whichever DAG it is; a run in which nothing was left to do ends. */
async function launchRetry(context: MongoContext, run: string): Promise<void> {
  const change = { $set: { state: 'ready' as const, readyAt: context.now() }, $inc: { rev: 1 } }
  const copies = await context.list(context.collections.dags, { run }, { projection: OF_COPIES })
  await updateTasksOfAll(context, copies, { launch: true, state: 'blocked' }, change)
  await endRunIfDone(context, run)
}

function givenUp(run: string): LightflowError {
  return new LightflowError(
    'LF_RUN_EXISTS',
    `The submission of run "${run}" stood still for so long that it was given up.`,
    {
      hint: 'Submit again with a new run id.',
      facts: { run },
    },
  )
}

/** Names are unique and edges lead somewhere: checked before anything is written. */
function checkShape({ dags }: WorkflowPlan): void {
  checkUnique(
    dags.map(({ name }) => name),
    'The workflow has two DAGs',
  )
  for (const { name, tasks, edges } of dags) {
    const names = checkUnique(
      tasks.map(task => task.name),
      `DAG "${name}" has two tasks`,
    )
    const loose = edges.find(({ from, to }) => !names.has(from) || !names.has(to))
    if (loose !== undefined)
      throw brokenPlan(`DAG "${name}" has an edge between tasks that it does not have: ${loose.from}, ${loose.to}.`)
  }
}

function checkUnique(names: readonly string[], what: string): Set<string> {
  const unique = new Set<string>()
  for (const name of names) {
    if (unique.has(name)) throw brokenPlan(`${what} with the name "${name}".`)
    unique.add(name)
  }
  return unique
}

function brokenPlan(message: string): LightflowError {
  return new LightflowError('LF_PLAN', message, { hint: 'Give every DAG, and every task of a DAG, a name of its own.' })
}
