/** Who fetched a payload holds it from then on: the next reader asks there too, and the next task that needs it is near to it there. */
import type { TaskRecord } from './records.ts'

/** Peers that are named with a payload, beside what the mesh is told. More would only make records long. */
export const MAX_HOLDERS_NAMED = 16

/** What an attempt left. */
export interface OutputName {
  /** Task id. */
  task: string
  epoch: number
}

/** Undefined when there is nothing to change: it left something else since, or enough peers are named. */
export function noteHolder(task: TaskRecord | undefined, epoch: number, peer: string): TaskRecord | undefined {
  const { state, out = null } = task ?? {}
  if (task === undefined || out === null || out.inline !== null) return undefined
  const isItsOutput = (state === 'done' || state === 'stopped') && task.epoch === epoch
  if (!isItsOutput || out.holders.includes(peer) || out.holders.length >= MAX_HOLDERS_NAMED) return undefined
  return { ...task, out: { ...out, holders: [...out.holders, peer] } }
}
