/** Waiting for a ledger that is not there yet: for as long as it takes, and never without a word. */
import { LightflowError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { isUnanswered, type RetryParts } from './until-answered.ts'

export interface PatienceParts extends RetryParts {
  log: Log
}

/** An operator who looks at the log of a waiting peer is told again after this time. */
const TOLD_EVERY_MS = 30_000

/**
 * Repeats `operation` until the ledger answers it: a machine may boot before its database does. Errors that `mayPass` does not take for
 * those of an absent ledger are thrown. Throws `LF_PEER_LEAVING` when the signal aborts.
 */
export async function untilThere<T>(
  operation: () => Promise<T>,
  { clock, random, timing, signal, log }: PatienceParts,
  mayPass: (error: unknown) => boolean = isUnanswered,
): Promise<T> {
  let toldMs = Number.NEGATIVE_INFINITY
  for (let waitMs = timing.retryMs; ; waitMs = Math.min(waitMs * 2, timing.retryMaxMs)) {
    throwIfLeaving(signal)
    try {
      return await untilAborted(operation(), signal)
    } catch (error) {
      throwIfLeaving(signal)
      if (!mayPass(error)) throw error
      const nowMs = clock.monotonicMs()
      if (nowMs - toldMs >= TOLD_EVERY_MS) {
        toldMs = nowMs
        log.warn('the ledger does not answer: this peer waits for it and joins the mesh as soon as it is there', {
          error,
        })
      }
    }
    await clock.sleep(waitMs * (0.5 + random.float() / 2), signal)
  }
}

export function throwIfLeaving(signal: AbortSignal): void {
  if (signal.aborted) throw new LightflowError('LF_PEER_LEAVING', 'The peer was stopped before it had joined the mesh.')
}

/** Does not wait for an answer any more once the signal aborts; what comes then is dropped. */
function untilAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new LightflowError('LF_PEER_LEAVING', 'The peer leaves.'))
    signal.addEventListener('abort', abort, { once: true })
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
