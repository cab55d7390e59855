/** The list of attempts that a task carries with it: one entry begun at each claim, and ended once. */
import type { ErrorRecord } from '../core/errors.ts'
import { MAX_ATTEMPTS_KEPT, type AttemptEnd, type AttemptRecord } from './records.ts'

/** The oldest entries make room. */
export function beginAttempt(
  history: readonly AttemptRecord[],
  attempt: Omit<AttemptRecord, 'endedAt' | 'end' | 'error'>,
): AttemptRecord[] {
  return [...history.slice(1 - MAX_ATTEMPTS_KEPT), { ...attempt, endedAt: null, end: null, error: null }]
}

/** Ends the newest attempt. */
export function endAttempt(
  history: readonly AttemptRecord[],
  { end, endedAt, error = null }: { end: AttemptEnd; endedAt: number; error?: ErrorRecord | null },
): AttemptRecord[] {
  const last = history.at(-1)
  return last === undefined ? [] : [...history.slice(0, -1), { ...last, end, endedAt, error }]
}
