/** For whom this peer claims. */
export interface Claimant {
  session: string
  /** libp2p peer id. */
  peer: string
  queues: readonly string[]
}
