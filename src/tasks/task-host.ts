/**
 * What an attempt is given and what it gives back. The floors above bring the means (`workers/` a host that asks the peer's own
 * thread); the shapes are theirs, named here by structure so that nothing has to be converted.
 */
import type { ErrorRecord } from '../core/errors.ts'
import type { Context } from '../workflow/context.ts'
import type { Task } from '../workflow/task.ts'
import type { FileSource, NamedFile } from './named-file.ts'

export type StoreSection = 'data' | 'meta'

export type StoreWrite =
  | { kind: 'set' | 'push'; section: StoreSection; path: string; value: unknown }
  | { kind: 'extend'; section: StoreSection; path: string; value: unknown[] }
  | { kind: 'increment'; section: StoreSection; path: string; value: number }
  | { kind: 'delete'; section: StoreSection; path: string }

/** What a task may ask for while it runs. Every call may be refused with a LightflowError. */
export interface TaskHost {
  storeGet(section: StoreSection, path: string): Promise<unknown>
  storeWrite(write: StoreWrite): Promise<void>
  /** `key`: what the copy is for; without one it is known by its data. */
  startDag(blueprint: string, data: Uint8Array | null, key?: string): Promise<string>
  joinDags(names: string[] | null): Promise<boolean>
  stopDag(name: string | null): Promise<void>
  stopWorkflow(): Promise<void>
  /** The peer gives this file to other peers from now on; its id, or null when it gives none. */
  nameFile(file: NamedFile): Promise<string | null>
  /** Path of a verified, read-only copy of a file that another host has. */
  fetchFile(file: NamedFile, source: FileSource): Promise<string>
  /** Without it, lines go to the streams of this thread. */
  output?(stream: 'stdout' | 'stderr', line: string): void
}

export interface TaskInput {
  /** Name of the predecessor. */
  task: string
  slot: string | null
  /** Encoded dataset. */
  bytes: Uint8Array
}

export interface TaskAttempt {
  task: Task
  context: Context
  /** One per predecessor that was not skipped, in order of definition. */
  inputs: readonly TaskInput[]
  /** Encoded start data of the DAG, for tasks without predecessors; null = none. */
  start: Uint8Array | null
  host: TaskHost
  /** Becomes `signal.abort`. */
  abort: AbortSignal
  /** Becomes `signal.isStopped`. */
  isStopped: () => boolean
  /** Becomes `signal.isDraining`. */
  isDraining?: () => boolean
  /** Names of the direct successors: an Action that limits to others then fails the task instead of skipping all of them. */
  successors?: readonly string[]
}

export interface TaskResult {
  /** `handed-over`: the attempt is over, the task is not. */
  outcome: 'done' | 'stopped' | 'failed' | 'aborted' | 'handed-over'
  /** Encoded dataset that the successors receive; null when there is none. */
  bytes: Uint8Array | null
  /** Direct successors that may run; null = all. */
  limit: string[] | null
  skipSuccessors: boolean
  error: ErrorRecord | null
}
