/** From a job to an attempt of its task: what every kind of worker does once it has the workflow. */
import { toErrorRecord } from '../core/errors.ts'
import { runTask } from '../tasks/run-task.ts'
import { findDag, type Workflow } from '../workflow/workflow.ts'
import { failedResult } from './job-results.ts'
import type { Job, JobHost, JobResult } from './worker-pool.ts'

/** What the worker gives to the attempt. */
export interface JobSurroundings {
  host: JobHost
  /** Aborted with an error made from the one that the job was killed with. */
  abort: AbortSignal
  isStopped: () => boolean
  isDraining: () => boolean
}

/** Never rejects: a workflow without that DAG or task, and one that cannot be loaded, fail the attempt. */
export async function runJob(
  job: Job,
  findWorkflow: () => Workflow | Promise<Workflow>,
  surroundings: JobSurroundings,
): Promise<JobResult> {
  const { blueprint, context, inputs, start } = job
  try {
    const dag = findDag(await findWorkflow(), blueprint)
    const task = dag.task(job.task)
    return await runTask({ task, context, inputs, start, ...surroundings, successors: dag.successors(task.name) })
  } catch (error) {
    return failedResult(toErrorRecord(error))
  }
}
