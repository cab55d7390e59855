/**
 * Hints: what peers tell each other by gossip. Every hint only makes somebody look at the ledger sooner, or later by a bounded
 * time; none is authority. One message carries a batch.
 */
/** In a `ready` hint: the sender does not know in which queues. */
export const ANY_QUEUE = '*'

/** As in the ledger: see `Claim` there. */
export interface HintedClaim {
  task: string
  epoch: number
  claimId: string
}

/** As in the ledger: see `PassedWord` there. */
export interface HintedWord {
  beat: number
  row: Uint8Array
}

export type Hint =
  /** Something became ready in this queue. */
  | { kind: 'ready'; queue: string; run: string; count: number }
  /** A task was claimed: others need not try this epoch. */
  | { kind: 'claimed'; task: string; epoch: number }
  /** A DAG copy or (dag = null) a run ended: those who wait for it may look. */
  | { kind: 'ended'; run: string; dag: string | null }
  /** A run or DAG was asked to stop. */
  | { kind: 'stopping'; run: string }
  /** How much the sender can take on. */
  | { kind: 'load'; busy: number; capacity: number; draining: boolean }
  /**
   * Something was claimed for this session: its peer may look what, unless it runs all of `claims` already. With `early`: it is being claimed, and
   * may begin (`supervisor/early-word.ts`). With `word`: it is claimed, and that is what it is.
   */
  | { kind: 'passed'; session: string; claims?: HintedClaim[]; early?: Uint8Array; word?: HintedWord }
  /** A session was buried. */
  | { kind: 'buried'; session: string }
  /** The sender opened, changed or left its session: look at the list of members. */
  | { kind: 'members' }
