/**
 * An operation on the ledger has three outcomes: done, refused, unknown. Unknown is resolved by repeating it with the same ids: all
 * operations of the port are safe to repeat, and answer the second time what they would have answered the first.
 */
import type { Clock } from '../core/clock.ts'
import { hasCode, LightflowError } from '../core/errors.ts'
import type { Random } from '../core/random.ts'
import { MAX_ANSWER_AGE_MS, type Timing } from './timing.ts'

export interface RetryParts {
  clock: Clock
  random: Random
  timing: Pick<Timing, 'retryMs' | 'retryMaxMs'>
  /** Aborts when the answer is of no use any more; the last error is then thrown. Looked at only when there was no answer. */
  readonly signal: AbortSignal
}

export async function untilAnswered<T>(operation: () => Promise<T>, parts: RetryParts): Promise<T> {
  const { clock, random, timing } = parts
  for (let waitMs = timing.retryMs; ; waitMs = Math.min(waitMs * 2, timing.retryMaxMs)) {
    try {
      return await operation()
    } catch (error) {
      const { signal } = parts
      if (!isUnanswered(error) || signal.aborted) throw error
      await clock.sleep(waitMs * (0.5 + random.float() / 2), signal)
    }
  }
}

/**
 * The same for answers that hand out claims. One that was long on its way says what was true then; meanwhile this peer may have given
 * the task back as a stray one and another may run it. It is asked for again: the second answer tells what still holds.
 */
export function untilFreshlyAnswered<T>(operation: () => Promise<T>, parts: RetryParts): Promise<T> {
  const { clock } = parts
  return untilAnswered(async () => {
    const sentMs = clock.monotonicMs()
    const answer = await operation()
    if (clock.monotonicMs() - sentMs <= MAX_ANSWER_AGE_MS) return answer
    throw new LightflowError('LF_LEDGER_UNAVAILABLE', 'The answer of the ledger came too late to be acted on.')
  }, parts)
}

export function isUnanswered(error: unknown): boolean {
  return RETRIED_CODES.some(code => hasCode(error, code))
}

/** A full disk is repeated too: an operator makes room, and the result of hours of work is still here. */
const RETRIED_CODES = ['LF_LEDGER_UNAVAILABLE', 'LF_LEDGER_BUSY', 'LF_LEDGER_FULL']
