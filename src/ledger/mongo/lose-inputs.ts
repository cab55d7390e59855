/** Inputs of a claimed task are lost: one write blocks it or ends it; what made them is made ready after that. */
import { taskId } from '../../../protocols/ids.ts'
import { attemptOf, isCurrentClaim } from '../../lease/fence.ts'
import { loseInputs as decide, type InputLoss } from '../../lease/lost-inputs.ts'
import type { Claim, TaskRecord } from '../../lease/records.ts'
import type { Completion } from '../ledger.ts'
import { NOTHING_FOLLOWED } from '../transactions/complete.ts'
import { changeTask } from './change-task.ts'
import type { MongoContext } from './context.ts'
import { taskOf } from './documents.ts'
import { endingChange, followUp } from './follow-up.ts'
import { nameReady } from './ready-tasks.ts'
import { cancelIfStopping, isStopping } from './stopping.ts'

export async function loseInputs(context: MongoContext, claim: Claim, loss: InputLoss): Promise<Completion> {
  const stopping = await isStopping(context, claim.task)
  const producers = await producersOf(context, claim, loss)
  const { doc, changed } = await changeTask(context, claim.task, task => {
    if (!isCurrentClaim(task, claim)) return undefined
    const { task: next } = decide(task, loss, name => producers.get(name), { now: context.now(), stopping })
    return next.state === 'blocked' ? { task: next, todo: 'remake' } : endingChange(next)
  })
  if (doc === undefined) return { ...NOTHING_FOLLOWED, accepted: false, state: 'cancelled' }
  const { state } = doc
  const accepted = changed || (attemptOf(taskOf(doc), claim)?.end ?? null) !== null
  if (!accepted) return { ...NOTHING_FOLLOWED, accepted, state }
  const { ready, dagEnded, runEnded } = await followUp(context, doc)
  if (state === 'ready') await cancelIfStopping(context, doc)
  const own = changed && state === 'ready' ? [doc] : []
  return {
    accepted,
    state,
    ready: nameReady([...own, ...ready]),
    handedOn: [],
    passedOn: [],
    dagEnded,
    runEnded,
  }
}

/**
 * As they surely are: whether one may run again follows from its effect and from how often it did, which an ended task does not change. One
 * that runs again since is found when it is to be made ready.
 */
async function producersOf(
  context: MongoContext,
  claim: Claim,
  { inputs }: InputLoss,
): Promise<Map<string, TaskRecord>> {
  const found = new Map<string, TaskRecord>()
  const task = await context.get(context.collections.tasks, claim.task)
  for (const { task: name } of task === null ? [] : inputs) {
    const id = taskId(task?.run ?? '', task?.dag ?? '', name)
    context.known.forgetProducer(id)
    const doc = await context.sure(context.collections.tasks, id)
    if (doc !== null) found.set(name, taskOf(doc))
  }
  return found
}
