/** What the ends of some tasks say to their successors. */
import type { Vote } from '../../lease/records.ts'
import type { Ending } from '../../lease/votes.ts'

export interface Ended {
  task: string
  ending: Ending
}

/** What a task and its predecessors still need to be looked at for. */
export interface Ballot {
  votes: { edge: string; vote: Vote }[]
  /** Tasks that are certain to be skipped once these votes are cast. */
  skipped: string[]
  /** Tasks that may be decided by these votes. */
  open: string[]
  /** Those of them that one of these votes lets run. */
  running: ReadonlySet<string>
}

/** `run/dag:n/name` → `name`, as limits name tasks. */
export function nameIn(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1)
}
