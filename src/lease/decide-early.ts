/**
 * What may be prepared, or even begin, before the write that claims it has reached the disk. Only a pure task begins: it does nothing that anybody
 * could see, so when the write is lost after all, it has run for nobody, and what it then writes to the ledger is refused as that of any other lost
 * claim.
 */
import { MAX_EARLY_WORD_BYTES } from '../../protocols/limits.ts'
import type { PayloadRef, TaskRecord } from './records.ts'

/** Of what was handed on by the completion that made it ready; what had been waiting can wait for the disk, too. */
export function mayPrepareEarly({ readyAt, claimedAt }: Pick<TaskRecord, 'readyAt' | 'claimedAt'>): boolean {
  return readyAt !== null && readyAt === claimedAt
}

export function mayBeginEarly(task: Pick<TaskRecord, 'effect' | 'readyAt' | 'claimedAt'>): boolean {
  return task.effect === 'pure' && mayPrepareEarly(task)
}

const MAX_INPUTS_SAID = 64

/** Whether it is little enough to be told to another peer: its inputs are said, not looked up. */
export function fitsEarlyWord({
  inputs,
  start,
  run: { args },
}: {
  inputs: readonly { payload: PayloadRef }[]
  start: PayloadRef | null
  run: { args: Readonly<Record<string, unknown>> }
}): boolean {
  if (start !== null || inputs.length > MAX_INPUTS_SAID) return false
  const given = Object.entries(args).reduce((sum, [name, value]) => sum + name.length + String(value).length, 0)
  const bytes = inputs.reduce((sum, { payload }) => sum + (payload.inline?.byteLength ?? Infinity), given)
  return bytes <= MAX_EARLY_WORD_BYTES
}
