/** What the two sides of a thread say to each other, and the memory that they share. */
import type { MessagePort } from 'node:worker_threads'
import type { ErrorRecord } from '../../core/errors.ts'
import type { Job, JobHost, JobResult } from '../worker-pool.ts'

/**
 * Which of all ways to speak this is: raised whenever something here, or in a job and its result, means something else. A peer that runs from
 * its bundle starts its threads from the sources, which may have changed since; neither side would understand the other, and wait for ever.
 */
export const DIALECT = 2

/** Given to a thread at its start. */
export interface ThreadData {
  dialect: number
  port: MessagePort
  shared: SharedArrayBuffer
}

export interface PostedJob {
  /** Counted from 1. */
  id: number
  /** Its part of the shared memory. */
  slot: number
  job: Job
  /** It must not begin after this moment (`process.hrtime`). */
  beginBeforeNs: bigint | null
}

export type ToThread =
  /** To be run one after the other. */
  | { kind: 'jobs'; jobs: PostedJob[] }
  /** The attempt is killed: `signal.abort` fires with this error. */
  | { kind: 'abort'; id: number; error: ErrorRecord }
  /** Answer to a call; `value` is encoded. */
  | { kind: 'reply'; id: number; value: Uint8Array }
  | { kind: 'refusal'; id: number; error: ErrorRecord }

export type FromThread =
  /** The thread has loaded its own code, which speaks this dialect. When it is another than the peer's, the thread takes no jobs. */
  | { kind: 'ready'; dialect: number; systemThread: number | null }
  | { kind: 'output'; stream: 'stdout' | 'stderr'; text: string }
  /** A call of the job's host; `args` is the encoded list of arguments. */
  | { kind: 'call'; id: number; method: HostMethod; args: Uint8Array }
  /** `isClean`: nothing that the task started is still going on, so that another may run here; else none begins any more. */
  | { kind: 'result'; id: number; result: JobResult; isClean: boolean }
  /** It was too late for one of these jobs to begin, and the others waited behind it. */
  | { kind: 'late'; ids: number[] }

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

/** Jobs that wait in a thread behind the one that runs. They are tiny, or they would not be there: so many keep it busy for a millisecond. */
export const MAX_LINED_UP = 16
const SLOTS = MAX_LINED_UP + 1

/** Cells of the shared memory (an Int32Array). All work while the thread's event loop is blocked by user code. */
/** Characters of output posted but not yet taken by the peer's thread. */
export const OUTPUT_CELL = 0
const CELLS_PER_SLOT = 3
export const SHARED_BYTES = 4 * (1 + SLOTS * CELLS_PER_SLOT)

export const ALL_SLOTS: readonly number[] = Array.from({ length: SLOTS }, (_, slot) => slot)

/** Whether the job waits, has begun or was taken back: each is decided by one exchange of this cell, on one of the two sides. */
export function standCell(slot: number): number {
  return 1 + slot * CELLS_PER_SLOT
}

export function stopCell(slot: number): number {
  return 2 + slot * CELLS_PER_SLOT
}

export function drainCell(slot: number): number {
  return 3 + slot * CELLS_PER_SLOT
}

type Stand = 'waits' | 'begun' | 'back'

const STANDS: Record<Stand, number> = { waits: 1, begun: 2, back: 3 }
const STAND_BITS = 2
const MAX_STAND_ID = 2 ** 28

/** Carries the id: the thread may come to a job that was taken back when its slot has another one already. */
export function standOf(id: number, stand: Stand): number {
  return ((id % MAX_STAND_ID) << STAND_BITS) | STANDS[stand]
}

/** Decides it, unless it was decided before; whether it is what was wanted. */
export function decideStand(cells: Int32Array, { id, slot }: Pick<PostedJob, 'id' | 'slot'>, stand: Stand): boolean {
  const [waits, wanted] = [standOf(id, 'waits'), standOf(id, stand)]
  const before = Atomics.compareExchange(cells, standCell(slot), waits, wanted)
  return before === waits || before === wanted
}

/** A thread that prints faster than the peer takes it waits at this many characters: output never fills the memory. */
export const MAX_OUTPUT_IN_FLIGHT_CHARS = 1024 * 1024

/** Smaller ones travel faster as a copy than as memory that changes hands. */
const MIN_MOVED_BYTES = 16 * 1024

/** Bytes to be posted, alone in their memory, and what of it is to change hands. */
export function packBytes(bytes: Uint8Array): { bytes: Uint8Array<ArrayBuffer>; moved: ArrayBuffer[] } {
  const own = ownBytes(bytes)
  return { bytes: own, moved: own.byteLength < MIN_MOVED_BYTES ? [] : [own.buffer] }
}

/** These bytes in memory of their own, as moving them to another thread demands; a copy unless they have it already. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes
  const isWhole = buffer instanceof ArrayBuffer && bytes.byteLength === buffer.byteLength
  return isWhole && !Buffer.isBuffer(bytes) ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes)
}
