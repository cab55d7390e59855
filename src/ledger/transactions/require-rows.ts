/** Rows that an operation cannot do without. */
import { LightflowError } from '../../core/errors.ts'
import { isCurrentClaim } from '../../lease/fence.ts'
import type { Claim, DagRecord, TaskRecord } from '../../lease/records.ts'
import { didYouMean } from '../../workflow/did-you-mean.ts'
import type { RunHead, Tables } from '../tables.ts'

export function requireRun(tables: Tables, id: string): RunHead {
  const run = tables.run(id)
  if (run !== undefined) return run
  throw unknownRun(id)
}

/** `LF_UNKNOWN_DAG` names the copies that exist. */
export function requireDag(tables: Tables, run: string, name: string): DagRecord {
  const dag = tables.dag(run, name)
  if (dag !== undefined) return dag
  throw unknownCopy(
    run,
    name,
    tables.dags(run).map(({ name }) => name),
  )
}

export function requireTask(tables: Tables, id: string): TaskRecord {
  const task = tables.task(id)
  if (task !== undefined) return task
  throw unknownTask(id)
}

/** The task that this claim holds; `LF_CLAIM_LOST` when it does not hold it (any more). */
export function requireClaimed(tables: Tables, claim: Claim): TaskRecord {
  const task = tables.task(claim.task)
  if (isCurrentClaim(task, claim)) return task
  throw claimLost(claim)
}

export function unknownRun(id: string): LightflowError {
  return new LightflowError('LF_UNKNOWN_RUN', `There is no run "${id}".`, {
    hint: '`lf workflow status` lists the runs that this ledger knows.',
    facts: { run: id },
  })
}

export function unknownTask(id: string): LightflowError {
  return new LightflowError('LF_UNKNOWN_TASK', `There is no task "${id}".`, { facts: { task: id } })
}

export function claimLost(claim: Claim): LightflowError {
  return new LightflowError('LF_CLAIM_LOST', 'This attempt no longer holds its task.', {
    hint: 'Another attempt has taken over, or the task has ended: nothing of this one is kept.',
    facts: { ...claim },
  })
}

export function unknownCopy(run: string, name: string, known: readonly string[]): LightflowError {
  return unknownDag(`Run "${run}" has no DAG "${name}".`, name, known)
}

export function unknownDag(message: string, wanted: string, known: readonly string[]): LightflowError {
  return new LightflowError('LF_UNKNOWN_DAG', message, { hint: didYouMean(wanted, known) })
}
