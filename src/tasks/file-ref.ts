/** A large file that tasks name instead of carrying it: read in place where both see it, and brought there where they do not. */
import { mkdir, symlink } from 'node:fs/promises'
import { basename, isAbsolute, join } from 'node:path'
import { hasCode } from '../core/errors.ts'
import { type CurrentAttempt, currentAttempt } from './current-attempt.ts'
import {
  changed,
  differenceOf,
  type FileSource,
  lookAtFile,
  type NamedFile,
  noReference,
  readFileSource,
  readNamedFile,
} from './named-file.ts'

/** What a reference is in a task's data. */
export interface FileRefData extends NamedFile {
  /** Where it was named; absent outside of a task. */
  source?: FileSource
}

/**
 * Names a file by its path, size, time and the bytes at its ends. `data.set('raw', await FileRef.of(path))` in one task,
 * `await FileRef.from(data.get('raw')).local()` in another, on whatever host.
 */
export class FileRef {
  readonly path: string
  readonly bytes: number
  readonly modifiedMs: number
  readonly edges: string
  readonly source: FileSource | undefined

  private constructor({ path, bytes, modifiedMs, edges }: NamedFile, source: FileSource | undefined) {
    this.path = path
    this.bytes = bytes
    this.modifiedMs = modifiedMs
    this.edges = edges
    this.source = source
  }

  /**
   * The file as it is now. In a task, the peer that runs it gives the file to the hosts that do not see it, for as long as the run needs it.
   * Throws `LF_FILE_REF` for a relative path, `LF_FILE_NOT_HERE`, and `LF_FILE_CHANGED` while it is being written.
   */
  static async of(path: string): Promise<FileRef> {
    if (typeof path !== 'string' || !isAbsolute(path)) throw noReference(`"${path}" is no absolute path`)
    const attempt = currentAttempt()
    const file = await lookAtFile(path, { settled: true })
    return new FileRef(file, attempt === undefined ? undefined : await nameAtPeer(attempt, file))
  }

  /** What arrived in the data. Throws `LF_FILE_REF` when it is no reference. */
  static from(value: unknown): FileRef {
    const file = readNamedFile(value)
    if (file === undefined) throw noReference('that is none')
    return new FileRef(file, readFileSource((value as FileRefData).source))
  }

  /**
   * The path, when the file there is still the one that was named. Reads 128 KiB, however large it is. Throws `LF_FILE_NOT_HERE` when this
   * host sees no such file, `LF_FILE_CHANGED` when it is another one.
   */
  async check(): Promise<string> {
    const difference = differenceOf(this, await lookAtFile(this.path))
    if (difference !== null) throw changed(this.path, difference)
    return this.path
  }

  /**
   * A path of this host where the file can be read: its own, where it is seen; else that of a read-only copy, which the peer that named it
   * gives, verified by SHA-256. It stays at least until the task ends. Throws `LF_FILE_LOST` when nobody gives it, `LF_FILE_CHANGED` when it
   * is another one by now; left uncaught, these make the task that named the file run again, as for other lost inputs.
   */
  async local(): Promise<string> {
    try {
      return await this.check()
    } catch (error) {
      const { source } = this
      const attempt = currentAttempt()
      if (source === undefined || attempt === undefined) throw error
      const { host, calls } = attempt
      const copy = await calls.run(() => host.fetchFile(this.#file(), source))
      // It came back meanwhile.
      return copy === this.path ? copy : linkInScratch(attempt, this.path, copy)
    }
  }

  toJSON(): FileRefData {
    return this.source === undefined ? this.#file() : { ...this.#file(), source: this.source }
  }

  #file(): NamedFile {
    const { path, bytes, modifiedMs, edges } = this
    return { path, bytes, modifiedMs, edges }
  }
}

async function nameAtPeer({ host, calls, context }: CurrentAttempt, file: NamedFile): Promise<FileSource | undefined> {
  const peer = await calls.run(() => host.nameFile(file))
  return peer === null ? undefined : { peer, run: context.runId, dag: context.dagName, task: context.taskName }
}

/** Programs tell what a file is by its name: the copy gets that of the original, in the attempt's own folder. */
async function linkInScratch({ context }: CurrentAttempt, original: string, copy: string): Promise<string> {
  const name = basename(original)
  const folder = join(context.scratch, 'files', basename(copy).slice(0, 16))
  const link = join(folder, name === '' || name === '.' || name === '..' ? 'file' : name)
  await mkdir(folder, { recursive: true })
  await symlink(copy, link).catch((error: unknown) => {
    if (!hasCode(error, 'EEXIST')) throw error
  })
  return link
}
