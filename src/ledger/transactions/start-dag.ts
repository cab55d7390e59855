/** A copy of a DAG starts: with its run, or because a task asked for it. */
import { dagCopyName } from '../../../protocols/ids.ts'
import { MAX_DAGS_PER_RUN } from '../../../protocols/limits.ts'
import { LightflowError } from '../../core/errors.ts'
import type { DagRecord } from '../../lease/records.ts'
import type { NewDag } from '../ledger.ts'
import type { RunHead, Tables } from '../tables.ts'
import { requireClaimed, requireRun, unknownDag } from './require-rows.ts'
import { writePart } from './write-tasks.ts'

export function startDag(tables: Tables, now: number, { claim, blueprint, starterKey, data }: NewDag): string {
  const starter = requireClaimed(tables, claim)
  const adopted = tables.dagByStarter(starter.id, starterKey)
  if (adopted !== undefined) return adopted.name
  const run = requireRun(tables, starter.run)
  const first = tables.blueprintPart(run.id, blueprint, 0)
  if (first === undefined) {
    throw unknownDag(`Workflow "${run.workflow}" has no DAG "${blueprint}".`, blueprint, tables.blueprintNames(run.id))
  }
  if (run.stop !== null || run.state !== 'running') throw runStopping(run.id)
  if (tables.dagCount(run.id) >= MAX_DAGS_PER_RUN) throw tooManyDags(run.id)
  const start = { name: blueprint, tasks: first.tasks, starter: starter.id, starterKey, data }
  const name = insertCopy(tables, now, run, start)
  writePart(tables, now, { run: run.id, name })
  return name
}

export interface CopyStart extends Pick<DagRecord, 'starter' | 'starterKey' | 'data'> {
  /** Of the blueprint. */
  name: string
  /** Number of its tasks. */
  tasks: number
}

/** Returns the name of the copy, none of whose tasks is written yet. */
export function insertCopy(
  tables: Tables,
  now: number,
  { id: run }: Pick<RunHead, 'id'>,
  { name: blueprint, tasks, ...origin }: CopyStart,
): string {
  const copy = tables.lastCopy(run, blueprint) + 1
  const name = dagCopyName(blueprint, copy)
  const unwritten = { part: 0, tasks }
  const begins = { state: 'running' as const, createdAt: now, endedAt: null, stop: null, unwritten }
  tables.insertDag({ run, name, blueprint, ...origin, ...begins }, copy, tasks)
  return name
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
