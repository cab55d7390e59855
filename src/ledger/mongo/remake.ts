/**
 * Inputs that were lost are made again. One write decides it: the consumer is blocked and says in `todo` that what made its inputs is still
 * to be made ready; that is carried out by whoever comes by, before the consumer can be cancelled, so that nothing becomes ready in
 * a DAG that has ended. A consumer is let go when each of its producers has ended in a later epoch than the one that was lost,
 * which stays true: who finds that out may be slow.
 */
import { taskId } from '../../../protocols/ids.ts'
import { endAwaiting, isRenewed, remadeFor } from '../../lease/lost-inputs.ts'
import type { AwaitedInput } from '../../lease/records.ts'
import { changeTask } from './change-task.ts'
import type { MongoContext } from './context.ts'
import { taskOf, type TaskDoc } from './documents.ts'
import { inParallel } from './in-parallel.ts'
import { cancelIfStopping, isStopping } from './stopping.ts'

/** Returns what became ready: producers, or the consumer itself when all was made again meanwhile. */
export async function remakeInputs(context: MongoContext, consumer: TaskDoc): Promise<TaskDoc[]> {
  const { _id, run, dag, awaits = [], epoch } = consumer
  const stopping = await isStopping(context, _id)
  const producers = stopping ? [] : await inParallel(awaits, input => remake(context, consumer, input))
  const own = await endWait(context, { _id, run, dag, awaits })
  // Also when it is ready: the change that made it so has struck it off.
  await context.update(context.collections.tasks, { _id, epoch, todo: 'remake' }, { $unset: { todo: '' } })
  await cancelIfStopping(context, consumer)
  return [...producers, own].flatMap(task => task ?? [])
}

/** The producer, when this call made it ready. */
async function remake(context: MongoContext, consumer: TaskDoc, input: AwaitedInput): Promise<TaskDoc | undefined> {
  const { run, dag } = consumer
  const { doc, changed } = await changeTask(context, taskId(run, dag, input.task), producer => {
    const remade = producer && remadeFor(producer, input, taskOf(consumer), context.now())
    return remade && { task: remade }
  })
  return changed ? doc : undefined
}

/** Successors that waited for what this task made again, when they wait for nothing else. */
export async function endWaits(context: MongoContext, { run, dag, name, remade }: TaskDoc): Promise<TaskDoc[]> {
  if (remade === undefined) return []
  const waiting = { run, dag, holds: true, state: 'blocked' as const, 'awaits.task': name }
  const found = await context.list(context.collections.tasks, waiting)
  return (await inParallel(found, doc => endWait(context, doc))).flatMap(task => task ?? [])
}

/** The task, when this call let it go. */
async function endWait(
  context: MongoContext,
  { _id, run, dag, awaits = [] }: Pick<TaskDoc, '_id' | 'run' | 'dag' | 'awaits'>,
): Promise<TaskDoc | undefined> {
  const { tasks } = context.collections
  const there = await inParallel(awaits, async input => {
    const producer = await context.sure(tasks, taskId(run, dag, input.task))
    return producer !== null && isRenewed(taskOf(producer), input)
  })
  if (there.includes(false)) return undefined
  const { doc, changed } = await changeTask(context, _id, task => {
    if (task?.state !== 'blocked' || !isSame(task.awaits, awaits)) return undefined
    return { task: endAwaiting(task) }
  })
  return changed ? doc : undefined
}

/** It may have become ready meanwhile and wait for something later now. */
function isSame(one: readonly AwaitedInput[] = [], other: readonly AwaitedInput[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ task, epoch }, index) => task === other[index]?.task && epoch === other[index]?.epoch)
  )
}
