/** Ready tasks, as peers look at them: what may be claimed now and where its input bytes are. */
import type { PayloadRef, TaskRecord } from '../../lease/records.ts'
import type { ReadyList, ReadyTask } from '../ledger.ts'
import { MAX_INPUTS_PER_READY_TASK, MAX_READY_PAGE, MAX_READY_WITH_INPUTS } from '../ledger-limits.ts'
import type { Tables } from '../tables.ts'

export function peekReady(tables: Tables, now: number, queues: readonly string[], limit: number): ReadyList {
  const served = [...new Set(queues)]
  const count = Math.min(limit, MAX_READY_PAGE)
  const best = served
    .flatMap(queue => tables.readyTasks(queue, now, count))
    .sort(byUrgency)
    .slice(0, count)
  const dueTimes = served.flatMap(queue => tables.nextDueAt(queue, now) ?? [])
  return { tasks: describeReady(tables, best), nextDueAt: dueTimes.length === 0 ? null : Math.min(...dueTimes) }
}

/** Highest priority first, then the longest ready. */
export function byUrgency(
  one: Pick<TaskRecord, 'priority' | 'readyAt'>,
  other: Pick<TaskRecord, 'priority' | 'readyAt'>,
): number {
  return other.priority - one.priority || (one.readyAt ?? 0) - (other.readyAt ?? 0)
}

function describeReady(tables: Tables, tasks: readonly TaskRecord[]): ReadyTask[] {
  return nameReady(tasks).map((task, index) => {
    return { ...task, inputs: index < MAX_READY_WITH_INPUTS ? holdersOfInputs(tables, task.id) : [] }
  })
}

export function nameReady(tasks: readonly TaskRecord[]): Omit<ReadyTask, 'inputs'>[] {
  return tasks.map(({ id, run, queue, priority, epoch }) => ({ id, run, queue, priority, epoch }))
}

/** Who holds how much of its inputs, as far as they are not in the ledger. */
export function holdersOfInputs(tables: Tables, task: string): ReadyTask['inputs'] {
  const bytesByHolder = new Map<string, number>()
  for (const { payload } of tables.inputs(task, MAX_INPUTS_PER_READY_TASK)) {
    for (const holder of holdersOf(payload)) {
      bytesByHolder.set(holder, (bytesByHolder.get(holder) ?? 0) + payload.sizeBytes)
    }
  }
  return Array.from(bytesByHolder, ([holder, sizeBytes]) => ({ holder, sizeBytes }))
}

function holdersOf({ inline, holders }: PayloadRef): string[] {
  return inline === null ? [...new Set(holders)] : []
}
