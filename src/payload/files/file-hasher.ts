/**
 * The SHA-256 of files that tasks named, taken when somebody first asks for it: files that all peers see are never read for it. One after the
 * other, in the thread that hashes; the same file once, however many ask; not any more when nobody waits.
 */
import { hasCode } from '../../core/errors.ts'
import { differenceOf, fileId, lookAtFile, type NamedFile } from '../../tasks/named-file.ts'
import type { BulkThreads } from '../bulk/bulk-threads.ts'
import { MAX_HASHES_WAITING } from '../payload-limits.ts'
import { Turns } from '../transfer/turns.ts'
import type { FileLink, RunFiles } from './run-files.ts'

export interface FileHasherParts {
  runFiles: RunFiles
  threads: Pick<BulkThreads, 'hashFile'>
}

export type FileVerdict =
  /** Offered as a payload of this name. */
  | { kind: 'file'; hash: string; sizeBytes: number }
  /** As it is now, when it is not what was named; null when it is gone, or cannot be read. */
  | { kind: 'changed'; found: NamedFile | null }

interface Hashing {
  verdict: Promise<FileVerdict>
  abort: AbortController
  waiting: number
}

export class FileHasher {
  /** Bytes read for it so far, by all: grows as long as the disk answers. */
  readBytes = 0
  readonly #parts: FileHasherParts
  readonly #turns = new Turns({ atOnce: 1, waiting: MAX_HASHES_WAITING })
  readonly #running = new Map<string, Hashing>()
  readonly #stopping = new AbortController()

  constructor(parts: FileHasherParts) {
    this.#parts = parts
  }

  /**
   * Looks at the file, reads it when its hash is not known, and looks again: the hash is that of the file that was named, as far as size,
   * time and ends can tell. Throws `LF_PAYLOAD_BUSY` when too many wait, the system's error when the disk does not give it now, and the
   * signal's reason.
   */
  async judge(link: FileLink, signal: AbortSignal): Promise<FileVerdict> {
    const id = fileId(link.run, link)
    const hashing = this.#running.get(id) ?? this.#start(id, link)
    hashing.waiting += 1
    const leave = Promise.withResolvers<never>()
    const onAbort = () => leave.reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
    try {
      return await Promise.race([hashing.verdict, leave.promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
      hashing.waiting -= 1
      if (hashing.waiting === 0) hashing.abort.abort()
    }
  }

  /** Ends all that is under way. */
  stop(): void {
    this.#stopping.abort()
  }

  #start(id: string, link: FileLink): Hashing {
    const abort = new AbortController()
    const signal = AbortSignal.any([abort.signal, this.#stopping.signal])
    const hashing = { verdict: this.#judge(link, signal), abort, waiting: 0 }
    hashing.verdict.catch(() => {})
    this.#running.set(id, hashing)
    const forget = () => {
      if (this.#running.get(id) === hashing) this.#running.delete(id)
    }
    // Nobody may join what nobody waits for any more.
    abort.signal.addEventListener('abort', forget)
    hashing.verdict.then(forget, forget)
    return hashing
  }

  async #judge(link: FileLink, signal: AbortSignal): Promise<FileVerdict> {
    const before = await changeOf(link)
    if (before !== null) return before
    const hash = link.hash ?? (await this.#turns.take(signal, () => this.#hash(link, signal)))
    // It may have been written again while it was read.
    const after = (await changeOf(link)) ?? (hash === undefined ? GONE : null)
    if (after !== null || hash === undefined) return after ?? GONE
    if (this.#parts.runFiles.isSpoilt(link)) return { kind: 'changed', found: link }
    // On a full disk the next peer of this home reads the file once more; this one gives it.
    await this.#parts.runFiles.offer(link, hash).catch((error: unknown) => {
      if (!hasCode(error, 'LF_PAYLOAD_NOT_KEPT')) throw error
    })
    return { kind: 'file', hash, sizeBytes: link.bytes }
  }

  async #hash({ path, bytes }: FileLink, signal: AbortSignal): Promise<string | undefined> {
    let before = 0
    const onStep = (done: number) => {
      this.readBytes += done - before
      before = done
    }
    return this.#parts.threads.hashFile({ path, sizeBytes: bytes }, { signal, onStep })
  }
}

const GONE: FileVerdict = { kind: 'changed', found: null }
/** What says for sure that the file is not there, or not to be read: all else (too many open files, a share that stumbles) may pass. */
const GONE_CODES = ['LF_FILE_CHANGED', 'LF_FILE_NOT_HERE', 'LF_FILE_REF', 'EACCES', 'EPERM']

async function changeOf(link: FileLink): Promise<FileVerdict | null> {
  try {
    const found = await lookAtFile(link.path)
    return differenceOf(link, found) === null ? null : { kind: 'changed', found }
  } catch (error) {
    if (GONE_CODES.some(code => hasCode(error, code))) return GONE
    throw error
  }
}
