/** Results of attempts that did not get as far as a result of their own. */
import type { ErrorRecord } from '../core/errors.ts'
import type { JobResult } from './worker-pool.ts'

export function failedResult(error: ErrorRecord): JobResult {
  return { outcome: 'failed', bytes: null, limit: null, skipSuccessors: false, error }
}

export function abortedResult(error: ErrorRecord): JobResult {
  return { ...failedResult(error), outcome: 'aborted' }
}

export const poolClosed: ErrorRecord = {
  code: 'LF_WORKERS_CLOSED',
  message: 'The peer ended its workers while the task was running.',
}
