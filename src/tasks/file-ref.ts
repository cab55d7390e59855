/** A large file that tasks name instead of carrying it: readable where both see the same file, and known for another one when it changed. */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { hasCode, LightflowError } from '../core/errors.ts'

/** What a reference is in a task's data. */
export interface FileRefData {
  /** Absolute. */
  path: string
  bytes: number
  /** Milliseconds since 1970, whole ones: file systems of several hosts agree on no more. */
  modifiedMs: number
  /** SHA-256 of its first and last 64 KiB. */
  edges: string
}

/** Read at either end: enough to tell a file that was replaced, little enough for a file of any size. */
const EDGE_BYTES = 64 * 1024
const HASH_PATTERN = /^[0-9a-f]{64}$/

/**
 * Names a file by its path, size, time and the bytes at its ends. `data.set('raw', await FileRef.of(path))` in one task,
 * `await FileRef.from(data.get('raw')).check()` in another. It is not copied: the path must mean the same file on both peers.
 */
export class FileRef {
  readonly path: string
  readonly bytes: number
  readonly modifiedMs: number
  readonly edges: string

  private constructor({ path, bytes, modifiedMs, edges }: FileRefData) {
    this.path = path
    this.bytes = bytes
    this.modifiedMs = modifiedMs
    this.edges = edges
  }

  /** The file as it is now. Throws `LF_FILE_REF` for a relative path, `LF_FILE_NOT_HERE`, and `LF_FILE_CHANGED` while it is being written. */
  static async of(path: string): Promise<FileRef> {
    if (typeof path !== 'string' || !isAbsolute(path)) throw noReference(`"${path}" is no absolute path`)
    return new FileRef(await look(path))
  }

  /** What arrived in the data. Throws `LF_FILE_REF` when it is no reference. */
  static from(value: unknown): FileRef {
    const { path, bytes, modifiedMs, edges } = (value ?? {}) as Partial<FileRefData>
    const isCount = (count: unknown): count is number => Number.isSafeInteger(count) && (count as number) >= 0
    const isRight = typeof path === 'string' && isAbsolute(path) && isCount(bytes) && Number.isSafeInteger(modifiedMs)
    if (!isRight || typeof edges !== 'string' || !HASH_PATTERN.test(edges)) throw noReference('that is none')
    return new FileRef({ path, bytes, modifiedMs: modifiedMs as number, edges })
  }

  /**
   * The path, when the file there is still the one that was named. Reads 128 KiB, however large it is. Throws `LF_FILE_NOT_HERE` when this
   * host sees no such file, `LF_FILE_CHANGED` when it is another one.
   */
  async check(): Promise<string> {
    const found = await look(this.path)
    if (found.bytes !== this.bytes) throw changed(this.path, `it has ${found.bytes} bytes, not ${this.bytes}`)
    if (found.edges !== this.edges) throw changed(this.path, 'its bytes are others')
    if (found.modifiedMs !== this.modifiedMs) {
      throw changed(this.path, `it was written ${when(found.modifiedMs)}, not ${when(this.modifiedMs)}`)
    }
    return this.path
  }

  toJSON(): FileRefData {
    const { path, bytes, modifiedMs, edges } = this
    return { path, bytes, modifiedMs, edges }
  }
}

async function look(path: string): Promise<FileRefData> {
  const file = await openFile(path)
  try {
    const before = await file.stat()
    if (!before.isFile()) throw noReference(`${path} is no file`)
    const edges = await edgesOf(file, before.size)
    const after = await file.stat()
    if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) throw changed(path, 'it is being written')
    return { path, bytes: before.size, modifiedMs: Math.floor(before.mtimeMs), edges }
  } finally {
    await file.close()
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (cause) {
    if (!hasCode(cause, 'ENOENT') && !hasCode(cause, 'ENOTDIR')) throw cause
    throw new LightflowError('LF_FILE_NOT_HERE', `There is no file ${path} on this host.`, {
      hint: 'Let tasks that share files use a queue that only peers with the same mounts serve, or put the bytes into the data.',
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

function changed(path: string, how: string): LightflowError {
  return new LightflowError('LF_FILE_CHANGED', `The file ${path} is not the one that was passed on: ${how}.`, {
    hint: 'Write each result to a file of its own and leave it alone; run the task that made it again.',
    facts: { path },
  })
}

function noReference(why: string): LightflowError {
  return new LightflowError('LF_FILE_REF', `A file is needed, but ${why}.`, {
    hint: "Make references with `await FileRef.of('/absolute/path')` and read them with `FileRef.from(data.get('name'))`.",
  })
}
