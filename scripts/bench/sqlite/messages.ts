/** What `play-sqlite.ts` and its processes say to each other. */
import type { ClaimingPeer } from '../../../src/lease/decide-claims.ts'

export const OPERATIONS = ['peek', 'claim', 'complete', 'beat'] as const
export type Operation = (typeof OPERATIONS)[number]

/** What the starter sends: what to do, and who takes part. */
export interface Assignment {
  seconds: number
  beatMs: number
  others: ClaimingPeer[]
}

/** What the process answers. Waits are milliseconds from the call to its answer. */
export interface Measured {
  session: string
  waitsMs: Record<Operation, Float64Array>
  claimsTried: number
  claimsWon: number
  /** Ids of the tasks whose completion was accepted. */
  completed: string[]
  /** Completions that were refused: somebody else had the task. */
  refused: number
  errors: Record<string, number>
  /** Looks at the ledger that found nothing to claim. */
  idleLooks: number
}
