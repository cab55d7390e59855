/** How DAGs and runs end, and who stops them. */
import type { RunState, StopRecord, TaskRecord, TaskState } from './records.ts'

/** States in which a task keeps its DAG from ending. */
export const OPEN_TASK_STATES: readonly TaskState[] = ['blocked', 'ready', 'claimed', 'lost']

/** States in which a task waits and is cancelled when its run or DAG is stopped. */
export const WAITING_TASK_STATES: readonly TaskState[] = ['blocked', 'ready', 'lost']

/** The final state of a DAG or run in which nothing is open any more. */
export function endStateOf(stop: StopRecord | null): RunState {
  return stop === null ? 'succeeded' : stop.reason
}

/** Why the run of this task starts nothing new, now that the task ended; null when it goes on. */
export function stopFor({ id, state, error }: TaskRecord, now: number): StopRecord | null {
  return state === 'failed' || state === 'aborted' ? { reason: state, by: id, at: now, error } : null
}

/** What a DAG of a stopping run is told: the reason itself where the cause lies, otherwise only that it was stopped. */
export function stopForDag(stop: StopRecord, containsCause: boolean): StopRecord {
  return containsCause ? stop : { ...stop, reason: 'stopped', error: null }
}
