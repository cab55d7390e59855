/** Whether the run or the DAG of a task starts nothing new any more. */
import { isStarting } from '../../lease/claim-task.ts'
import { parseTaskId } from '../../../protocols/ids.ts'
import type { MongoContext } from './context.ts'
import { dagId, type DagDoc, type RunDoc, type TaskDoc } from './documents.ts'
import { carryOutStop } from './ends.ts'

/** "Yes" ends tasks for good, so it is only said when it cannot be rolled back. */
export async function isStopping(context: MongoContext, task: string): Promise<boolean> {
  const place = parseTaskId(task)
  if (place === undefined) return true
  const { runs, dags } = context.collections
  const ids = [place.run, dagId(place.run, place.dag)] as const
  const seen = await Promise.all([context.get(runs, ids[0]), context.get(dags, ids[1])])
  if (goesOn(...seen)) return false
  return !goesOn(...(await Promise.all([context.sure(runs, ids[0]), context.sure(dags, ids[1])])))
}

function goesOn(run: RunDoc | null, dag: DagDoc | null): boolean {
  if (run === null || dag === null || dag.state === 'preparing' || dag.state === 'void') return false
  return isStarting(run) && isStarting({ state: dag.state, stop: dag.stop })
}

/** What came to wait in a run that began to stop meanwhile is cancelled like everything that waits. */
export async function cancelIfStopping(
  context: MongoContext,
  { _id, run }: Pick<TaskDoc, '_id' | 'run'>,
): Promise<void> {
  if (await isStopping(context, _id)) await carryOutStop(context, run)
}
