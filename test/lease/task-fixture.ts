import { startDag } from '../../src/lease/start-dag.ts'
import type { TaskRecord } from '../../src/lease/records.ts'
import { claimTask } from '../../src/lease/claim-task.ts'
import { dagPlan } from '../ledger/contract/bench.ts'

export const NOW = 1_000_000

export function readyTask(changes: Partial<TaskRecord> = {}): TaskRecord {
  const [task] = startDag(dagPlan('main', ['a']), { run: 'r', dag: 'main:1', priority: 0, now: NOW }).tasks
  if (task === undefined) throw new Error('the plan has no task')
  return { ...task, ...changes }
}

export function claimedTask(changes: Partial<TaskRecord> = {}): TaskRecord {
  return claimTask(readyTask(changes), { session: { id: 's', name: 'peer' }, claimId: 'c', now: NOW })
}
