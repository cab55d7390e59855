/** Why an attempt ends without the outcome of its body, and what stands for the outcome then. */
import { type ErrorRecord, toErrorRecord } from '../core/errors.ts'
import type { AttemptResult } from '../ledger/ledger.ts'
import type { AwaitedInput } from '../lease/records.ts'

/** What is done instead of recording the outcome. */
export type Ending =
  /** The claim is lost: forget everything. */
  | { kind: 'discard'; error: ErrorRecord }
  /** Give the task back: the peer leaves. */
  | { kind: 'release'; error: ErrorRecord }
  /** This peer could not run it, through no fault of the task: another may. */
  | { kind: 'fault'; error: ErrorRecord }
  /** The task gave itself back: it is begun anew. */
  | { kind: 'hand-over'; error: ErrorRecord }
  /** Inputs cannot be had from anybody. */
  | { kind: 'lost-inputs'; error: ErrorRecord; inputs: AwaitedInput[] }
  /** It took longer than the task allows. */
  | { kind: 'time-out'; error: ErrorRecord }

/** Faults of the peer before the body begins are repeated elsewhere, this often; then the task fails with the fault. */
export const MAX_FAULTY_STARTS = 5

/** Nobody can begin a task at this peer any more. */
export const SOURCES_CHANGED = 'LF_SOURCES_CHANGED'

export const NOT_BEGUN: ErrorRecord = {
  code: 'LF_LEASE_LOST',
  message: 'This peer was not sure of its lease any more when the task was to begin.',
}

export const LEASE_LOST: ErrorRecord = {
  code: 'LF_LEASE_LOST',
  message: 'This peer lost its lease on the task; another peer may be running it.',
}

export const NO_PLACE: ErrorRecord = {
  code: 'LF_RELEASED',
  message: 'This peer had no place for the task as soon as it had thought; another peer may have one.',
}

export const STOPPING: ErrorRecord = { code: 'LF_RELEASED', message: 'The run or the DAG is being stopped.' }

export function timedOutOr(result: AttemptResult, ending: Ending): AttemptResult {
  return ending.kind === 'time-out' ? { ...failed(ending.error), outcome: 'timed-out' } : result
}

export function failed(error: unknown): AttemptResult {
  return { outcome: 'failed', out: null, limit: null, skipSuccessors: false, error: asRecord(error) }
}

export function asRecord(error: unknown): ErrorRecord {
  const isRecord = typeof error === 'object' && error !== null && !(error instanceof Error) && 'code' in error
  return isRecord ? (error as ErrorRecord) : toErrorRecord(error)
}
