/** What a peer is told of the tasks that it has claimed, and what becomes of those that it must not have. */
import { isStarting } from '../../lease/claim-task.ts'
import { claimOf, isCurrentClaim } from '../../lease/fence.ts'
import { awaiting, inputsInTheMaking } from '../../lease/lost-inputs.ts'
import type { AwaitedInput } from '../../lease/records.ts'
import { releaseTask } from '../../lease/release-task.ts'
import type { ClaimedTask, TaskInput } from '../ledger.ts'
import { changeTask } from './change-task.ts'
import type { MongoContext } from './context.ts'
import { dagId, payloadOf, taskOf, type DagDoc, type RunDoc, type TaskDoc } from './documents.ts'
import { endingChange, followUp } from './follow-up.ts'
import { inParallel } from './in-parallel.ts'
import { inputsOf, type Input, type Producer } from './inputs.ts'
import type { DagFacts, RunFacts } from './known.ts'

/**
 * Without those that landed in a run or DAG that stops, which are cancelled, and those of which an input is being made again.
 * A stop cancels what waits before it is acknowledged. So the runs and DAGs need not be looked at of what was blocked when it was claimed
 * (`wereBlocked`), nor of what was claimed for the first time in a DAG that was surely seen to run: what is made ready behind the back
 * of a stop was claimed before, or is in a DAG that was started behind it. `known`: predecessors that need not be read.
 */
export async function describeClaims(
  context: MongoContext,
  docs: readonly TaskDoc[],
  {
    wereBlocked = new Set(),
    known = new Map(),
  }: { wereBlocked?: ReadonlySet<string>; known?: ReadonlyMap<string, Producer> } = {},
): Promise<ClaimedTask[]> {
  if (docs.length === 0) return []
  const isKnown = ({ run, dag }: TaskDoc) =>
    context.known.runs.get(run) !== undefined && context.known.dags.get(dagId(run, dag)) !== undefined
  const wasOpen = ({ run, dag }: TaskDoc) => context.known.open.get(dagId(run, dag)) === true
  const metByStops = (doc: TaskDoc) =>
    doc.stopping !== true && (wereBlocked.has(doc._id) || (doc.epoch === 1 && wasOpen(doc)))
  const looked = docs.filter(doc => !metByStops(doc) || !isKnown(doc))
  const [open, inputs] = await Promise.all([openPlaces(context, looked), inputsOf(context, docs, known)])
  const unlooked = new Set(docs.filter(doc => !looked.includes(doc)))
  const isOpen = (doc: TaskDoc) => unlooked.has(doc) || open.has(dagId(doc.run, doc.dag))
  await noteStarts(context, docs.filter(isOpen))
  const described = await inParallel(docs, async doc => {
    return describeClaimed(context, doc, { isOpen: isOpen(doc), inputs: inputs.get(doc._id) ?? [] })
  })
  return described.flatMap(claimed => claimed ?? [])
}

/** The DAG copies of these tasks in which new tasks may start. */
async function openPlaces(context: MongoContext, docs: readonly TaskDoc[]): Promise<Set<string>> {
  const { runs, dags } = context.collections
  const places = new Map(docs.map(({ run, dag }) => [dagId(run, dag), run]))
  const runIds = [...new Set(places.values())]
  const [ofRuns, ofDags] = await Promise.all([
    inParallel(runIds, run => context.sure(runs, run)),
    inParallel([...places.keys()], dag => context.sure(dags, dag)),
  ])
  for (const run of ofRuns) if (run !== null) context.known.noteRun(run)
  for (const dag of ofDags) if (dag !== null) context.known.noteDag(dag)
  const openRuns = new Set(ofRuns.flatMap(run => (run !== null && !run.draft && isRunning(run) ? [run._id] : [])))
  const open = ofDags.flatMap(dag => (dag !== null && isRunning(dag) && openRuns.has(dag.run) ? [dag._id] : []))
  for (const dag of open) context.known.open.set(dag, true)
  return new Set(open)
}

function isRunning({ state, stop }: Pick<RunDoc, 'stop'> & { state: DagDoc['state'] }): boolean {
  return state === 'running' && isStarting({ state, stop })
}

interface Standing {
  isOpen: boolean
  inputs: readonly Input[]
}

/** Undefined when the claim landed in a run or DAG that stops, where it is cancelled, or when an input is being made again. */
async function describeClaimed(
  context: MongoContext,
  doc: TaskDoc,
  { isOpen, inputs }: Standing,
): Promise<ClaimedTask | undefined> {
  const run = context.known.runs.get(doc.run)
  const dag = context.known.dags.get(dagId(doc.run, doc.dag))
  if (!isOpen || run === undefined || dag === undefined) {
    await takeBack(context, doc)
    return undefined
  }
  const awaits = inputsInTheMaking(inputs)
  if (awaits.length > 0) {
    await putAside(context, doc, awaits)
    return undefined
  }
  context.known.held.set(doc.claimId ?? '', doc)
  return describe(doc, run, dag, inputs)
}

/** Once for each run, by the first task that is claimed of it. */
async function noteStarts(context: MongoContext, docs: readonly TaskDoc[]): Promise<void> {
  const { known, collections } = context
  const firsts = new Map(docs.toReversed().map(({ run, claimedAt }) => [run, claimedAt]))
  await inParallel([...firsts], async ([id, startedAt]) => {
    const run = known.runs.get(id)
    if (run === undefined || run.isStarted) return
    await context.update(collections.runs, { _id: id, startedAt: null }, { $set: { startedAt } })
    known.runs.set(id, { ...run, isStarted: true })
  })
}

export function describe(doc: TaskDoc, run: RunFacts, dag: DagFacts, inputs: readonly Input[]): ClaimedTask {
  const task = taskOf(doc)
  return {
    claim: claimOf(task),
    task,
    run: { id: doc.run, workflow: run.workflow, bundle: run.bundle, args: run.args },
    blueprint: dag.blueprint,
    inputs: inputs.map(({ name, slot, payload, epoch }): TaskInput => ({ task: name, slot, payload, epoch })),
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
