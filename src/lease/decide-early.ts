/**
 * What may begin before the write that claims it has reached the disk. Only a pure task: it does nothing that anybody could see, so when the
 * write is lost after all, it has run for nobody, and what it then writes to the ledger is refused as that of any other lost claim.
 */
import type { TaskRecord } from './records.ts'

/** Of what was handed on by the completion that made it ready; what had been waiting can wait for the disk, too. */
export function mayBeginEarly({
  effect,
  readyAt,
  claimedAt,
}: Pick<TaskRecord, 'effect' | 'readyAt' | 'claimedAt'>): boolean {
  return effect === 'pure' && readyAt !== null && readyAt === claimedAt
}
