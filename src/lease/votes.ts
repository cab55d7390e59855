/** The skip rules: what the end of a task says to its successors, and what a successor makes of all it was told. */
import type { Vote } from './records.ts'

/** How a predecessor ended, as far as its successors care. */
export type Ending =
  | { state: 'done'; limit: readonly string[] | null }
  | { state: 'stopped'; skipSuccessors: boolean }
  | { state: 'skipped'; propagateSkip: boolean }

export function voteOf(ending: Ending, successor: string): Vote {
  return letsRun(ending, successor) ? 'run' : 'skip'
}

function letsRun(ending: Ending, successor: string): boolean {
  if (ending.state === 'done') return ending.limit === null || ending.limit.includes(successor)
  return ending.state === 'stopped' ? !ending.skipSuccessors : !ending.propagateSkip
}

/** `votes`: the values that occur on the edges into the task (each may be given once); null = a predecessor has not ended. */
export function decide(forceRun: boolean, votes: Iterable<Vote | null>): 'wait' | 'run' | 'skip' {
  const cast = new Set(votes)
  if (cast.has(null)) return 'wait'
  return forceRun || cast.size === 0 || cast.has('run') ? 'run' : 'skip'
}
