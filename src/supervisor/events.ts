/** What a peer tells of its work: one typed list; `node/log-events.ts` turns it into lines, nobody else prints. */
import type { ErrorRecord } from '../core/errors.ts'
import type { DeathProof, RunState, TaskState } from '../lease/records.ts'

export interface SupervisorEvents {
  'session:opened': { session: string }
  /** This peer buried another one. */
  'session:buried': { session: string; peer: string; proof: DeathProof }
  /** This peer's own claims are void. */
  'session:fenced': { reason: 'buried' | 'expired'; attempts: number }
  'task:claimed': { task: string; epoch: number; attempt: number }
  'task:ended': { task: string; epoch: number; state: TaskState; durationMs: number; error: ErrorRecord | null }
  /** The attempt ended without a record: its claim was lost, or it was given back. */
  'task:dropped': { task: string; epoch: number; reason: string }
  /** Taken from a dead peer. */
  'task:reclaimed': { task: string; from: string; state: TaskState }
  'run:ended': { run: string; state: RunState }
  draining: { attempts: number }
  /** Somebody asked for it through the ledger. Repeated until the peer drains. */
  'drain-asked': { by: string }
  /** The peer cannot go on and must be taken down. */
  'gave-up': { error: unknown }
}
