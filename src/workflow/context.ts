/** What a callback learns about the attempt that it is part of. */
export interface Context {
  readonly taskName: string
  /** Name of the copy, `dag:n`. */
  readonly dagName: string
  readonly workflowName: string
  readonly runId: string
  readonly peerName: string
  readonly peerHost: string
  /** Counted from 1. */
  readonly attempt: number
  /** Grows with every claim: hand it to whatever can refuse a late writer. */
  readonly epoch: number
  /** A folder of this attempt's own, removed afterwards. */
  readonly scratch: string
}
