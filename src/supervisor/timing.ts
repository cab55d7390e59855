/**
 * How fast things happen, by the kind of ledger. The TTL travels in the session, so peers with different presets agree on when
 * another one is dead. Relations that must hold: beat < selfFence / 2, selfFence <= 2/3 TTL (R11), sweep < TTL / 3 (H3).
 */
export interface Timing {
  /** Between two proofs of life. */
  beatMs: number
  /** Without an acknowledged beat for this long, counted from its sending, a peer ends its own attempts. */
  selfFenceMs: number
  /** After this silence others may bury it. Only for peers that freeze or are cut off where a process's death can be proven. */
  ttlMs: number
  /** Between two looks at the ledger that no hint asked for; jittered by a fifth. */
  sweepMs: number
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

/** All peers on one host: a process that died is proven dead by its lock, so the TTL is for frozen ones only. */
export const LOCAL_TIMING: Timing = {
  beatMs: 1000,
  selfFenceMs: 13_000,
  ttlMs: 20_000,
  sweepMs: 500,
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
  rankDelayMs: 30,
  faultDelayMs: 5000,
  killGraceMs: 5000,
  retryMs: 50,
  retryMaxMs: 2000,
}
