/** What every trigger takes. Pure. */
import type { TaskCall } from '../../workflow/task-call.ts'
import type { ParameterCheck } from '../../workflow/task-parameters.ts'
import { boolean } from '../files/file-checks.ts'

export interface TriggerParameters {
  /** How many come together. Default 1. The rest comes when the trigger ends. */
  aggregate: number
  /** What is there when the trigger begins for the first time counts, too. Default false. */
  useExisting: boolean
  /** With `useExisting`: that comes at once, also when it is no whole batch. Default true. */
  flushExisting: boolean
  /** From one look to the next, in milliseconds. Default 1000. */
  pollMs: number
  /** Ends when nothing new has come for so long, in milliseconds. Default null: never. */
  stopAfterIdleMs: number | null
}

export interface StopCall extends TaskCall {
  /** How many were handed over so far. */
  readonly handed: number
}

export const TRIGGER_DEFAULTS: TriggerParameters = {
  aggregate: 1,
  useExisting: false,
  flushExisting: true,
  pollMs: 1000,
  stopAfterIdleMs: null,
}

/** A batch is kept in the run's store while it is handed over. */
const MAX_AGGREGATE = 5000
/** Looking more often would be nothing but looking. */
const MIN_POLL_MS = 10
const MAX_POLL_MS = 3_600_000

export const aCountOrNull: ParameterCheck = [
  'a whole number from 1, or null',
  value => value === null || (Number.isSafeInteger(value) && (value as number) >= 1),
]

export const TRIGGER_CHECKS: { readonly [Name in keyof TriggerParameters]: ParameterCheck } = {
  aggregate: [
    `a whole number from 1 to ${MAX_AGGREGATE}`,
    value => Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= MAX_AGGREGATE,
  ],
  useExisting: boolean,
  flushExisting: boolean,
  pollMs: [
    `a number of milliseconds from ${MIN_POLL_MS} to ${MAX_POLL_MS}`,
    value => typeof value === 'number' && value >= MIN_POLL_MS && value <= MAX_POLL_MS,
  ],
  stopAfterIdleMs: [
    'a number of milliseconds, or null',
    value => value === null || (typeof value === 'number' && value >= 0 && Number.isFinite(value)),
  ],
}
