/**
 * Of the runs that try each other again at most one runs at a time: two of them would do the same work side by side, on the same files. The
 * first one of them notes the newest.
 */
import { LightflowError } from '../core/errors.ts'
import type { RunRecord } from './records.ts'

/** `newest`: of the retries so far; undefined when there is none. Throws `LF_RUN_RETRIED`. */
export function checkNewestRetry(
  run: string,
  newest: Pick<RunRecord, 'id' | 'state'> | undefined,
  again: boolean,
): void {
  if (newest === undefined || newest.id === run) return
  if (newest.state === 'running') {
    throw new LightflowError('LF_RUN_RETRIED', `The run ${run} is being tried again already, as ${newest.id}.`, {
      hint: `Wait for its end, or stop it first: lf workflow stop ${newest.id}`,
      facts: { run, newest: newest.id },
    })
  }
  if (newest.state !== 'succeeded' || again) return
  throw new LightflowError('LF_RUN_RETRIED', `The run ${run} was tried again, and ${newest.id} has succeeded.`, {
    hint: `Its results: lf workflow result ${newest.id}. To run it once more all the same: lf workflow retry ${run} --again`,
    facts: { run, newest: newest.id },
  })
}
