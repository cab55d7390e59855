/**
 * How fast things happen, by the kind of ledger. The TTL travels in the session, so peers with different presets agree on when
 * another one is dead. How these times must stand to each other says {@link brokenRelations}.
 */
import { LightflowError } from '../core/errors.ts'
import { leastTtlOf } from '../lease/observer.ts'

export interface Timing {
  /** Between two proofs of life. */
  beatMs: number
  /** Without an acknowledged beat for this long, counted from its sending, a peer ends its own attempts. */
  selfFenceMs: number
  /** After this silence others may bury it. Only for peers that freeze or are cut off where a process's death can be proven. */
  ttlMs: number
  /** Between two looks at the ledger that no hint asked for; jittered by a fifth. */
  sweepMs: number
  /** The same while the ledger does not answer: the pause doubles with each failure, up to this. */
  sweepMaxMs: number
  /** While there is no work (`quiet.ts`), pauses between beats and between sweeps are this many times as long. */
  quietFactor: number
  /** Wait per rank before claiming what another peer should take. */
  rankDelayMs: number
  /** Before a task that a peer could not start is tried again. */
  faultDelayMs: number
  /** From `signal.abort` to the end of the worker. */
  killGraceMs: number
  /** First wait before an operation on an unavailable ledger is repeated; doubles up to `retryMaxMs`. */
  retryMs: number
  retryMaxMs: number
}

/** An answer that hands out claims and is older than this is asked for again: what it says may be true no more. */
export const MAX_ANSWER_AGE_MS = 5000
/** What another peer said of a claim for this one, and that may be older than this, is asked for: the same holds for it. */
export const MAX_PASSED_WORD_AGE_MS = 9000
/** Between two looks for claims that the ledger says this peer holds and that it does not run. */
export const RECONCILE_EVERY_MS = 10_000
/** The sweep's pauses are longer or shorter by up to this share, so that peers do not sweep together. */
export const SWEEP_JITTER = 0.2

/** All peers on one host: a process that died is proven dead by its lock, so the TTL is for frozen ones only. */
export const LOCAL_TIMING: Timing = {
  beatMs: 1000,
  selfFenceMs: 13_000,
  ttlMs: 20_000,
  sweepMs: 500,
  sweepMaxMs: 4000,
  // A new run rings a bell that every peer of the host hears, and deaths are told by connections and locks.
  quietFactor: 2.5,
  rankDelayMs: 8,
  faultDelayMs: 2000,
  killGraceMs: 2000,
  retryMs: 20,
  retryMaxMs: 1000,
}

/**
 * Peers on several hosts with a MongoDB ledger. Electing a new primary takes up to 12 s, during which nobody's beat is acknowledged: that must
 * neither end work (self-fence) nor look like a death (TTL). A dead process on the same host is still proven at once.
 */
export const LAN_TIMING: Timing = {
  beatMs: 5000,
  selfFenceMs: 30_000,
  ttlMs: 45_000,
  sweepMs: 2000,
  sweepMaxMs: 12_000,
  // Peers on other hosts hear no bell: a run is found by the sweep when no hint arrives.
  quietFactor: 1,
  rankDelayMs: 30,
  faultDelayMs: 5000,
  killGraceMs: 5000,
  retryMs: 50,
  retryMaxMs: 2000,
}

/** Each relation with what goes wrong without it. */
const RELATIONS: readonly [string, (timing: Timing) => boolean][] = [
  [
    'two beats fit into the self-fence: one that is lost ends no work',
    ({ beatMs, quietFactor, selfFenceMs }) => 2 * quietFactor * beatMs < selfFenceMs,
  ],
  [
    'the self-fence is at most 2/3 of the TTL: a peer stops before others may take over (R11)',
    ({ selfFenceMs, ttlMs }) => 3 * selfFenceMs <= 2 * ttlMs,
  ],
  [
    'three sweeps fit into the TTL, so that an observer counts as well (H3)',
    ({ sweepMs, quietFactor, ttlMs }) => longest(quietFactor * sweepMs) < ttlMs / 3,
  ],
  [
    'the slowest sweep is quick enough for that too (H18)',
    ({ sweepMs, sweepMaxMs, ttlMs }) => sweepMaxMs >= sweepMs && longest(sweepMaxMs) < ttlMs / 3,
  ],
  ['it is no busier while it is quiet', ({ quietFactor }) => quietFactor >= 1],
  ['an observer of this pace can judge sessions of its own TTL', timing => leastTtlOf(timing) <= timing.ttlMs],
  [
    'a worker that is ended has gone before the TTL is over',
    ({ selfFenceMs, killGraceMs, ttlMs }) => selfFenceMs + killGraceMs < ttlMs,
  ],
  [
    'a claim on its way is answered before it can count as a stray one (H19)',
    () => MAX_ANSWER_AGE_MS < RECONCILE_EVERY_MS,
  ],
  ['so is what was passed on when it is told of', () => MAX_PASSED_WORD_AGE_MS < RECONCILE_EVERY_MS],
  [
    'an unanswered call is repeated within the self-fence',
    ({ retryMs, retryMaxMs, selfFenceMs }) => retryMs <= retryMaxMs && 2 * retryMaxMs < selfFenceMs,
  ],
  ['the wait per rank is shorter than a sweep', ({ rankDelayMs, sweepMs }) => rankDelayMs < sweepMs],
]

function longest(pauseMs: number): number {
  return pauseMs * (1 + SWEEP_JITTER)
}

/** What does not hold among these times, in words. */
export function brokenRelations(timing: Timing): string[] {
  return RELATIONS.flatMap(([what, holds]) => (holds(timing) ? [] : [what]))
}

/** Throws `LF_TIMING` when these times do not fit together. */
export function checkTiming(timing: Timing): void {
  const broken = brokenRelations(timing)
  if (broken.length === 0) return
  throw new LightflowError('LF_TIMING', `The times of this peer do not fit together: ${broken.join('; ')}.`, {
    hint: 'Use one of the presets, or change the times so that this holds.',
  })
}
