/** A copy of a DAG starts: with its run, or because a task asked for it. */
import { dagCopyName } from '../../../protocols/ids.ts'
import { MAX_DAGS_PER_RUN } from '../../../protocols/limits.ts'
import { LightflowError } from '../../core/errors.ts'
import type { DagRecord } from '../../lease/records.ts'
import { startDag as rowsOf } from '../../lease/start-dag.ts'
import type { DagPlan } from '../../workflow/plan.ts'
import type { NewDag } from '../ledger.ts'
import type { RunHead, Tables } from '../tables.ts'
import { requireClaimed, requireRun, unknownDag } from './require-rows.ts'
import { endDagIfDone } from './settle.ts'

export function startDag(tables: Tables, now: number, { claim, blueprint, starterKey, data }: NewDag): string {
  const starter = requireClaimed(tables, claim)
  const adopted = tables.dagByStarter(starter.id, starterKey)
  if (adopted !== undefined) return adopted.name
  const run = requireRun(tables, starter.run)
  const plan = tables.blueprint(run.id, blueprint)
  if (plan === undefined) {
    throw unknownDag(`Workflow "${run.workflow}" has no DAG "${blueprint}".`, blueprint, tables.blueprintNames(run.id))
  }
  if (run.stop !== null || run.state !== 'running') throw runStopping(run.id)
  if (tables.dagCount(run.id) >= MAX_DAGS_PER_RUN) throw tooManyDags(run.id)
  return insertCopy(tables, now, run, plan, { starter: starter.id, starterKey, data }).name
}

export function insertCopy(
  tables: Tables,
  now: number,
  run: RunHead,
  plan: DagPlan,
  origin: Pick<DagRecord, 'starter' | 'starterKey' | 'data'>,
): DagRecord {
  const copy = tables.lastCopy(run.id, plan.name) + 1
  const name = dagCopyName(plan.name, copy)
  const ends = { endedAt: null, stop: null }
  const dag: DagRecord = {
    run: run.id,
    name,
    blueprint: plan.name,
    state: 'running',
    ...origin,
    createdAt: now,
    ...ends,
  }
  tables.insertDag(dag, copy)
  const { tasks, edges } = rowsOf(plan, { run: run.id, dag: name, priority: run.priority, now })
  tables.insertTasks(tasks, edges)
  endDagIfDone(tables, now, run.id, name)
  return dag
}

export function runStopping(run: string): LightflowError {
  return new LightflowError('LF_RUN_STOPPING', `Run "${run}" is stopping: no DAG can be started in it.`, {
    hint: 'Look at `signal.isStopped` before starting DAGs.',
    facts: { run },
  })
}

export function tooManyDags(run: string): LightflowError {
  return new LightflowError(
    'LF_TOO_MANY_DAGS',
    `Run "${run}" has started ${MAX_DAGS_PER_RUN} DAGs, which is the limit.`,
    {
      hint: 'Start another workflow, or let one DAG do more.',
      facts: { run },
    },
  )
}
