/**
 * Claims. The write that wins a task cannot look at its run and DAG, which are other documents: so these are read, surely, after the claim is
 * acknowledged, and a claim that landed in something that stops is taken back before anybody hears of it.
 */
import { claimTask, isStarting, mayClaim } from '../../lease/claim-task.ts'
import { claimOf, isCurrentClaim } from '../../lease/fence.ts'
import { awaiting, inputsInTheMaking } from '../../lease/lost-inputs.ts'
import type { AwaitedInput, DagRecord, SessionRecord, TaskRecord } from '../../lease/records.ts'
import { releaseTask } from '../../lease/release-task.ts'
import { MAX_CLAIMS_PER_CALL } from '../ledger-limits.ts'
import type { ClaimedTask, ClaimRequest, TaskInput } from '../ledger.ts'
import { sessionBuried } from '../transactions/claim.ts'
import { changeTask } from './change-task.ts'
import { BOUNDED, type MongoContext } from './context.ts'
import {
  dagId,
  payloadOf,
  sessionOf,
  taskDoc,
  taskOf,
  unchanged,
  type DagDoc,
  type RunDoc,
  type TaskDoc,
} from './documents.ts'
import { endingChange, followUp } from './follow-up.ts'
import { inParallel } from './in-parallel.ts'

export async function claim(
  context: MongoContext,
  sessionId: string,
  claims: readonly ClaimRequest[],
): Promise<ClaimedTask[]> {
  const { sessions } = context.collections
  const seen = await context.get(sessions, sessionId)
  const session = seen?.state === 'alive' || seen?.state === 'draining' ? seen : await context.sure(sessions, sessionId)
  if (session === null || session.state === 'dead') throw sessionBuried(sessionId)
  return claimAll(context, sessionOf(session), claims.slice(0, MAX_CLAIMS_PER_CALL))
}

/** Those that were won, now or by the same request before, in the order of the requests. */
export async function claimAll(
  context: MongoContext,
  session: SessionRecord,
  requests: readonly ClaimRequest[],
): Promise<ClaimedTask[]> {
  if (requests.length === 0) return []
  const won = await context.answers.ask((...how) => tryAll(context, session, requests, ...how))
  const described = await inParallel(won, doc => describeClaimed(context, doc))
  return described.flatMap(claimed => claimed ?? [])
}

/** One batch: a write per task, then one read that says which of them were won (R8). */
async function tryAll(
  context: MongoContext,
  session: SessionRecord,
  requests: readonly ClaimRequest[],
  again: boolean,
  stillWanted: () => void,
): Promise<TaskDoc[]> {
  const { tasks } = context.collections
  const ids = requests.map(({ task }) => task)
  const known = again ? await readAllSure(context, ids) : await tasks.find({ _id: { $in: ids } }, BOUNDED).toArray()
  const docs = new Map(known.map(doc => [doc._id, doc]))
  const token = context.newToken()
  const held: TaskDoc[] = []
  const wanted: Wanted[] = []
  for (const { task: id, claimId } of requests) {
    const before = docs.get(id)
    if (before === undefined) continue
    const task = taskOf(before)
    if (task.state === 'claimed' && task.owner === session.id && task.claimId === claimId) held.push(before)
    else if (looksClaimable(task, session, context.now())) {
      const claimed = claimTask(task, { session, claimId, now: context.now() })
      wanted.push({ before, after: taskDoc(claimed, before, { rev: before.rev + 1, token }) })
    }
  }
  stillWanted()
  const written = await writeAll(context, wanted)
  const won = written.filter(doc => doc.token === token)
  const earlier = [...(again ? [] : held), ...written.filter(doc => doc.token !== token)]
  // What this write did not win itself is only relied on after a sure read.
  const sure = await readAllSure(
    context,
    earlier.map(({ _id }) => _id),
  )
  return inOrder(requests, [...(again ? held : []), ...sure, ...won])
}

interface Wanted {
  before: TaskDoc
  after: TaskDoc
}

/** All that can be told from the task and the session; its run and DAG are looked at when it is won. */
function looksClaimable(task: TaskRecord, session: SessionRecord, now: number): boolean {
  const assumed = { state: 'running', stop: null } as DagRecord
  return mayClaim(task, { session, run: assumed, dag: assumed, now })
}

/** Those that are claimed as wanted now: by this write, or by an earlier one of the same request that landed only now (R6). */
async function writeAll({ collections: { tasks } }: MongoContext, wanted: readonly Wanted[]): Promise<TaskDoc[]> {
  const [first] = wanted
  if (first === undefined) return []
  if ((await replaceAll(tasks, wanted, first)) === wanted.length) return wanted.map(({ after }) => after)
  const ids = wanted.map(({ before }) => before._id)
  const claimIds = wanted.flatMap(({ after }) => after.claimId ?? [])
  return tasks.find({ _id: { $in: ids }, state: 'claimed', claimId: { $in: claimIds } }, BOUNDED).toArray()
}

async function replaceAll(
  tasks: MongoContext['collections']['tasks'],
  wanted: readonly Wanted[],
  first: Wanted,
): Promise<number> {
  if (wanted.length === 1) return (await tasks.replaceOne(unchanged(first.before), first.after, BOUNDED)).matchedCount
  const writes = wanted.map(({ before, after }) => ({
    replaceOne: { filter: unchanged(before), replacement: after },
  }))
  return (await tasks.bulkWrite(writes, { ...BOUNDED, ordered: false })).matchedCount
}

async function readAllSure(context: MongoContext, ids: readonly string[]): Promise<TaskDoc[]> {
  const docs = await inParallel(ids, id => context.readSure(context.collections.tasks, id))
  return docs.flatMap(doc => doc ?? [])
}

function inOrder(requests: readonly ClaimRequest[], docs: readonly TaskDoc[]): TaskDoc[] {
  const byId = new Map(docs.map(doc => [doc._id, doc]))
  return requests.flatMap(({ task, claimId }) => {
    const doc = byId.get(task)
    return doc?.state === 'claimed' && doc.claimId === claimId ? [doc] : []
  })
}

/** Undefined when the claim landed in a run or DAG that stops, where it is cancelled, or when an input is being made again. */
async function describeClaimed(context: MongoContext, doc: TaskDoc): Promise<ClaimedTask | undefined> {
  const { runs, dags } = context.collections
  const [run, dag, rows] = await Promise.all([
    context.sure(runs, doc.run),
    context.sure(dags, dagId(doc.run, doc.dag)),
    doc.source ? [] : inputsOf(context, doc._id),
  ])
  if (run === null || dag === null || run.draft || !isRunning(run) || !isRunning(dag)) {
    await takeBack(context, doc)
    return undefined
  }
  const awaits = inputsInTheMaking(rows)
  if (awaits.length > 0) {
    await putAside(context, doc, awaits)
    return undefined
  }
  if (run.startedAt === null) {
    await context.update(runs, { _id: run._id, startedAt: null }, { $set: { startedAt: doc.claimedAt } })
  }
  return describe(
    doc,
    run,
    dag,
    rows.map(({ name, slot, payload, epoch }) => ({ task: name, slot, payload, epoch })),
  )
}

function isRunning({ state, stop }: Pick<RunDoc, 'stop'> & { state: DagDoc['state'] }): boolean {
  return state === 'running' && isStarting({ state, stop })
}

function describe(doc: TaskDoc, run: RunDoc, dag: DagDoc, inputs: TaskInput[]): ClaimedTask {
  const task = taskOf(doc)
  return {
    claim: claimOf(task),
    task,
    run: { id: run._id, workflow: run.workflow, bundle: run.bundle, args: run.args },
    blueprint: dag.blueprint,
    inputs,
    start: doc.source ? payloadOf(dag.data) : null,
  }
}

async function takeBack(context: MongoContext, { _id, epoch, claimId }: TaskDoc): Promise<void> {
  const claim = { task: _id, epoch, claimId: claimId ?? '' }
  const request = { reason: 'its run or DAG is stopping', notBefore: null, uncounted: true }
  const { doc } = await changeTask(context, _id, task => {
    if (!isCurrentClaim(task, claim)) return undefined
    return endingChange(releaseTask(task, request, { now: context.now(), stopping: true }))
  })
  if (doc !== undefined) await followUp(context, doc)
}

/** The task waits for inputs that were lost for somebody else. */
async function putAside(
  context: MongoContext,
  { _id, epoch, claimId }: TaskDoc,
  awaits: readonly AwaitedInput[],
): Promise<void> {
  const claim = { task: _id, epoch, claimId: claimId ?? '' }
  const request = { reason: 'an input is being made again', notBefore: null, uncounted: true }
  const { doc } = await changeTask(context, _id, task => {
    if (!isCurrentClaim(task, claim)) return undefined
    const released = releaseTask(task, request, { now: context.now(), stopping: false })
    return { task: awaiting(released, awaits), todo: 'remake' }
  })
  if (doc !== undefined) await followUp(context, doc)
}

type Input = Omit<TaskInput, 'task'> & Pick<TaskDoc, 'name' | 'state'>

/** One per predecessor that left something, in order of definition. */
async function inputsOf(context: MongoContext, task: string): Promise<Input[]> {
  const { edges, tasks } = context.collections
  const into = await context.list(edges, { to: task }, { sort: { order: 1 } })
  const from = await context.listByIds(
    tasks,
    into.map(edge => edge.from),
    { name: 1, out: 1, epoch: 1, state: 1 },
  )
  return into.flatMap(edge => {
    const predecessor = from.get(edge.from)
    const payload = payloadOf(predecessor?.out ?? null)
    if (predecessor === undefined || payload === null) return []
    const { name, epoch, state } = predecessor
    return [{ name, slot: edge.slot, payload, epoch, state }]
  })
}
