/** What the two sides of a thread say to each other, and the memory that they share. */
import type { MessagePort } from 'node:worker_threads'
import type { ErrorRecord } from '../../core/errors.ts'
import type { Job, JobHost, JobResult } from '../worker-pool.ts'

/** Given to a thread at its start. */
export interface ThreadData {
  port: MessagePort
  shared: SharedArrayBuffer
}

export type ToThread =
  | { kind: 'run'; job: Job }
  /** The attempt is killed: `signal.abort` fires with this error. */
  | { kind: 'abort'; error: ErrorRecord }
  /** Answer to a call; `value` is encoded. */
  | { kind: 'reply'; id: number; value: Uint8Array }
  | { kind: 'refusal'; id: number; error: ErrorRecord }

export type FromThread =
  /** The thread has loaded its own code. */
  | { kind: 'ready'; systemThread: number | null }
  | { kind: 'output'; stream: 'stdout' | 'stderr'; text: string }
  /** A call of the job's host; `args` is the encoded list of arguments. */
  | { kind: 'call'; id: number; method: HostMethod; args: Uint8Array }
  /** `isClean`: nothing that the task started is still going on, so that another may run here. */
  | { kind: 'result'; result: JobResult; isClean: boolean }

/** The methods of the host that answer. */
export type HostMethod = Exclude<keyof JobHost, 'output'>

export const HOST_METHODS: ReadonlySet<string> = new Set<HostMethod>([
  'storeGet',
  'storeWrite',
  'startDag',
  'joinDags',
  'stopDag',
  'stopWorkflow',
  'nameFile',
  'fetchFile',
])

/** Cells of the shared memory (an Int32Array). All work while the thread's event loop is blocked by user code. */
export const STOP_CELL = 0
/** Characters of output posted but not yet taken by the peer's thread. */
export const OUTPUT_CELL = 1
export const DRAIN_CELL = 2
export const SHARED_BYTES = 12

/** A thread that prints faster than the peer takes it waits at this many characters: output never fills the memory. */
export const MAX_OUTPUT_IN_FLIGHT_CHARS = 1024 * 1024

/** These bytes in memory of their own, as moving them to another thread demands; a copy unless they have it already. */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes
  const isWhole = buffer instanceof ArrayBuffer && bytes.byteLength === buffer.byteLength
  return isWhole && !Buffer.isBuffer(bytes) ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes)
}
