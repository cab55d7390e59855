/** What the ledger's thread and its owner say to each other. */
import type { ErrorRecord } from '../../core/errors.ts'
import type { Foreseen } from '../ledger.ts'
import type { OperationCall } from '../transactions/operations.ts'

export interface ThreadData {
  path: string
  /** Used when the file is new. */
  newIncarnation: string
}

export type Request =
  /** `tells`: a completion that says beforehand what of it may begin early, or a submission that says when peers see it. */
  | { kind: 'operation'; call: OperationCall; tells?: boolean }
  /** Takes the liveness lock of a session of this process. */
  | { kind: 'hold'; session: string; now: number }
  | { kind: 'let-go'; session: string }
  | { kind: 'probe'; sessions: readonly string[]; now: number }

/** `close` finishes what is under way, closes the files and ends the thread. */
export type ToThread = { kind: 'requests'; requests: (Request & { id: number })[] } | { kind: 'close' }

export type Reply = { id: number; value: unknown } | { id: number; error: ErrorRecord }

export type FromThread =
  | { kind: 'opened'; incarnation: string }
  | { kind: 'refused'; error: ErrorRecord }
  /** What the completion with this id hands on and passes on, if its write is not lost. */
  | { kind: 'foreseen'; id: number; foreseen: Foreseen }
  /** The submission with this id is committed, and is being brought to the disk. */
  | { kind: 'visible'; id: number }
  | { kind: 'replies'; replies: Reply[] }
