/** Runs and DAGs are asked to stop: one write says so, and what waits is cancelled after it. What is being run comes to its end. */
import type { StopRecord } from '../../lease/records.ts'
import { unknownCopy, unknownRun } from '../transactions/require-rows.ts'
import type { MongoContext } from './context.ts'
import { dagId } from './documents.ts'
import { endRunIfDone, haltDag, haltRun } from './ends.ts'
import { dags } from './reads.ts'

export async function stopRun(context: MongoContext, id: string, stop: StopRecord): Promise<boolean> {
  const run = await context.sure(context.collections.runs, id)
  if (run === null || run.draft) throw unknownRun(id)
  if (run.state !== 'running') return false
  // Also when somebody asked before: the one who did may not have lived to carry it out.
  await haltRun(context, id, stop, null)
  await endRunIfDone(context, id)
  return true
}

export async function stopDag(context: MongoContext, run: string, name: string, stop: StopRecord): Promise<boolean> {
  if (!(await context.isPublished(run))) throw unknownRun(run)
  const dag = await context.sure(context.collections.dags, dagId(run, name))
  if (dag === null || dag.state === 'preparing' || dag.state === 'void') {
    const known = await dags(context, run)
    throw unknownCopy(
      run,
      name,
      known.map(one => one.name),
    )
  }
  if (dag.state !== 'running') return false
  await haltDag(context, dag, stop)
  await endRunIfDone(context, run)
  return true
}
