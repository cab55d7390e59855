/** What a peer may still do on its lease: pure, from what it knows of its session. */
import { MAX_PASSED_WORD_AGE_MS, type Timing } from './timing.ts'

/** What the keeper of the session knows. */
export interface Standing {
  session: string
  /** The last beat was acknowledged and is not too old. */
  valid: boolean
  /** For how long it stays so, if no further beat is acknowledged. */
  validForMs: number
}

/** Whether the lease has run out, this long after the sending of the last acknowledged beat (R11). */
export function isExpired(sinceAckMs: number, { selfFenceMs }: Pick<Timing, 'selfFenceMs'>): boolean {
  return sinceAckMs >= selfFenceMs
}

/**
 * Whether a task that was claimed for `session` may begin now. The fence may have been raised while the answer to the claim, or an
 * input, was on its way: nobody would end such a task any more, and others may take it over.
 */
export function mayBegin(session: string, { session: current, valid }: Standing): boolean {
  return valid && current === session
}

/** Whether a claim that another peer made for this one, and told of, is still there unless this session is buried. `ageMs`: so old at most. */
export function isYoung(ageMs: number): boolean {
  return ageMs <= MAX_PASSED_WORD_AGE_MS
}
