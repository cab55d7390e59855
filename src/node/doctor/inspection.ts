/** What the process that inspects an SQLite ledger is told, and what it tells: `inspect-sqlite-process.ts`. */
import type { ErrorRecord } from '../../core/errors.ts'
import type { SessionFacts } from './session-checks.ts'

export interface InspectionOrder {
  path: string
  /** Every page, every index and the list of free pages; otherwise what can be seen quickly. */
  full: boolean
}

export interface FileFacts {
  version: number
  knownVersion: number
  fileBytes: number
  /** Of the write-ahead log beside it. */
  logBytes: number
  journalMode: string
}

export type Told =
  | { kind: 'file'; facts: FileFacts }
  /** Of the tables, this many were looked at. */
  | { kind: 'progress'; table: string; done: number; of: number }
  /** What is damaged, in SQLite's words; nothing when all is well. */
  | { kind: 'integrity'; faults: string[] }
  | { kind: 'sessions'; sessions: SessionFacts[] }
  /** Whether somebody could write just now; `stopped`: peers of this machine whose processes are stopped, as `name (process 7)`. */
  | { kind: 'write-lock'; free: boolean; stopped: string[] }
  | { kind: 'refused'; error: ErrorRecord }
