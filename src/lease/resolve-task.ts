/** An operator decides about a `lost` task. */
import type { TaskRecord } from './records.ts'

/** `run-again`: it had no effect, or may be repeated; `give-up`: it failed, and with it the run. */
export type Resolution = 'run-again' | 'give-up'

export function resolveTask(
  task: TaskRecord,
  resolution: Resolution,
  { by, now }: { by: string; now: number },
): TaskRecord {
  const resolved = { ...task, epoch: task.epoch + 1 }
  if (resolution === 'run-again') return { ...resolved, state: 'ready', readyAt: now, notBefore: null, error: null }
  const error = {
    code: 'LF_TASK_GIVEN_UP',
    message: `Task "${task.name}" was lost with its peer and given up by ${by}.`,
  }
  return { ...resolved, state: 'failed', endedAt: now, error }
}
