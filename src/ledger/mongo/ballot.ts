/** What the ends of some tasks say to their successors. */
import type { Vote } from '../../lease/records.ts'
import type { Ending } from '../../lease/votes.ts'
import type { TaskDoc } from './documents.ts'

export interface Ended extends Pick<TaskDoc, '_id' | 'run' | 'dag' | 'next'> {
  ending: Ending
  /** Which of the tasks that began it all this follows from. */
  root: number
}

/** What a task and its predecessors still need to be looked at for. */
export interface Ballot {
  votes: { edge: string; vote: Vote }[]
  /** Tasks that have no other predecessor, with what that one says: they need no vote. */
  sole: Map<string, Vote>
  /** Tasks that are certain to be skipped once these votes are cast. */
  skipped: string[]
  /** Tasks that may be decided by these votes. */
  open: Set<string>
  /** Those of them that one of these votes lets run. */
  running: Set<string>
  /** Which root each task was told by. */
  roots: Map<string, number>
}

export function emptyBallot(): Ballot {
  return { votes: [], sole: new Map(), skipped: [], open: new Set(), running: new Set(), roots: new Map() }
}

/** `run/dag:n/name` → `name`, as limits name tasks. */
export function nameIn(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1)
}
