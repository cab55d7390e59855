/** A blocked task whose predecessors have all ended becomes ready or skipped. */
import type { TaskRecord } from './records.ts'

export function readyTask(task: TaskRecord, now: number): TaskRecord {
  return { ...task, state: 'ready', readyAt: now }
}

export function skipTask(task: TaskRecord, now: number): TaskRecord {
  return { ...task, state: 'skipped', endedAt: now }
}
