/** Runs and DAGs are asked to stop: what waits is cancelled, what is being run comes to its end. */
import type { StopRecord } from '../../lease/records.ts'
import type { Tables } from '../tables.ts'
import { requireDag, requireRun } from './require-rows.ts'
import { endRunIfDone, haltDag, haltRun } from './settle.ts'

export function stopRun(tables: Tables, now: number, id: string, stop: StopRecord): boolean {
  const run = requireRun(tables, id)
  if (run.state !== 'running') return false
  if (run.stop !== null) return true
  haltRun(tables, now, id, stop, null)
  endRunIfDone(tables, now, id)
  return true
}

export function stopDag(tables: Tables, now: number, runId: string, name: string, stop: StopRecord): boolean {
  requireRun(tables, runId)
  const dag = requireDag(tables, runId, name)
  if (dag.state !== 'running') return false
  if (dag.stop !== null) return true
  haltDag(tables, now, dag, stop)
  endRunIfDone(tables, now, runId)
  return true
}
