/**
 * A file by what tells it from others without reading all of it: path, size, time, and the bytes at its ends. What a task hands on in
 * its place, and what the peer that holds it compares it with.
 */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { hasCode, LightflowError } from '../core/errors.ts'

export interface NamedFile {
  /** Absolute. */
  path: string
  bytes: number
  /** Milliseconds since 1970, whole ones: file systems of several hosts agree on no more. */
  modifiedMs: number
  /** SHA-256 of its first and last 64 KiB. */
  edges: string
}

/** Where a file was named: who can give its bytes, and what would have to run again to make it anew. */
export interface FileSource {
  /** Peer id. */
  peer: string
  run: string
  /** Copy of the DAG, `dag:n`. */
  dag: string
  task: string
}

/** Read at either end: enough to tell a file that was replaced, little enough for a file of any size. */
const EDGE_BYTES = 64 * 1024
/**
 * A file that was written so lately may be written again without its time telling: the kernel's clock for files ticks every 1 to 10 ms.
 * After this pause, each later change has another time.
 */
const FRESH_MS = 20
const HASH_PATTERN = /^[0-9a-f]{64}$/

/** The id under which a holder knows a file that was named in this run: a SHA-256, so that a path never travels to be opened. */
export function fileId(run: string, { path, bytes, modifiedMs, edges }: NamedFile): string {
  return createHash('sha256')
    .update(JSON.stringify([run, path, bytes, modifiedMs, edges]))
    .digest('hex')
}

/** Undefined unless the value is one. */
export function readNamedFile(value: unknown): NamedFile | undefined {
  const { path, bytes, modifiedMs, edges } = (value ?? {}) as Partial<NamedFile>
  const isCount = (count: unknown): count is number => Number.isSafeInteger(count) && (count as number) >= 0
  const isRight = typeof path === 'string' && isAbsolute(path) && isCount(bytes) && Number.isSafeInteger(modifiedMs)
  if (!isRight || typeof edges !== 'string' || !HASH_PATTERN.test(edges)) return undefined
  return { path, bytes, modifiedMs: modifiedMs as number, edges }
}

/** Undefined unless the value is one. */
export function readFileSource(value: unknown): FileSource | undefined {
  const { peer, run, dag, task } = (value ?? {}) as Partial<FileSource>
  const all = [peer, run, dag, task]
  if (!all.every(text => typeof text === 'string' && text !== '' && text.length <= MAX_SOURCE_CHARS)) return undefined
  return { peer, run, dag, task } as FileSource
}

const MAX_SOURCE_CHARS = 1000

/**
 * The file as it is now. Throws `LF_FILE_NOT_HERE` when there is none, `LF_FILE_REF` when it is no file, and `LF_FILE_CHANGED` while it is
 * being written. `settled`: waits, when it was written only now, until each later change is bound to tell.
 */
export async function lookAtFile(path: string, { settled = false } = {}): Promise<NamedFile> {
  const file = await openNamed(path)
  try {
    const before = await file.stat()
    if (!before.isFile()) throw noReference(`${path} is no file`)
    if (settled && Math.abs(Date.now() - before.mtimeMs) < FRESH_MS) await pause(FRESH_MS)
    const edges = await edgesOf(file, before.size)
    const after = await file.stat()
    if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) throw changed(path, 'it is being written')
    return { path, bytes: before.size, modifiedMs: Math.floor(before.mtimeMs), edges }
  } finally {
    await file.close()
  }
}

/** How two files differ, as the end of a sentence; null when they do not. Of the same bytes, the time may be another: `anyTime`. */
export function differenceOf(named: NamedFile, found: NamedFile, { anyTime = false } = {}): string | null {
  if (found.bytes !== named.bytes) return `it has ${found.bytes} bytes, not ${named.bytes}`
  if (found.edges !== named.edges) return 'its bytes are others'
  if (anyTime || found.modifiedMs === named.modifiedMs) return null
  return `it was written ${when(found.modifiedMs)}, not ${when(named.modifiedMs)}`
}

export function changed(path: string, how: string): LightflowError {
  return new LightflowError('LF_FILE_CHANGED', `The file ${path} is not the one that was passed on: ${how}.`, {
    hint: 'Write each result to a file of its own and leave it alone; run the task that made it again.',
    facts: { path },
  })
}

export function noReference(why: string): LightflowError {
  return new LightflowError('LF_FILE_REF', `A file is needed, but ${why}.`, {
    hint: "Make references with `await FileRef.of('/absolute/path')` and read them with `FileRef.from(data.get('name'))`.",
  })
}

/** Not waiting: a pipe that nobody writes to would hold one of the few threads that all reading and writing of a peer goes through, for ever. */
const READ_AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK

async function openNamed(path: string): Promise<FileHandle> {
  try {
    return await open(path, READ_AT_ONCE)
  } catch (cause) {
    // What opening a socket is answered with.
    if (hasCode(cause, 'ENXIO')) throw noReference(`${path} is no file`)
    if (!hasCode(cause, 'ENOENT') && !hasCode(cause, 'ENOTDIR')) throw cause
    throw new LightflowError('LF_FILE_NOT_HERE', `There is no file ${path} on this host.`, {
      hint: 'Have it brought here with `await FileRef.from(data.get("name")).local()`, or let tasks that share files use a queue that only peers with the same mounts serve.',
      facts: { path },
      cause,
    })
  }
}

async function edgesOf(file: FileHandle, size: number): Promise<string> {
  const hash = createHash('sha256')
  const edge = Buffer.alloc(Math.min(EDGE_BYTES, size))
  for (const at of [0, size - edge.length]) {
    const { bytesRead } = await file.read(edge, 0, edge.length, at)
    hash.update(edge.subarray(0, bytesRead))
  }
  return hash.digest('hex')
}

function when(ms: number): string {
  return new Date(ms).toISOString()
}
