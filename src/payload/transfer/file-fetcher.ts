/**
 * Files that tasks name instead of carrying them: gives them to other peers, and brings those of other hosts here. A file of another host is
 * asked for by an id; its holder says under which hash it gives it, and from then on it is a payload like any other. What arrived is a read-only
 * copy among the payloads, which stays as long as the run that needs it.
 */
import { chmod, stat, statfs } from 'node:fs/promises'
import { systemClock } from '../../core/clock.ts'
import { hasCode } from '../../core/errors.ts'
import type { PayloadRef } from '../../lease/records.ts'
import { differenceOf, type FileSource, fileId, lookAtFile, type NamedFile } from '../../tasks/named-file.ts'
import type { PayloadAnswer } from '../../../protocols/payload-messages.ts'
import { fileChangedThere, fileLost } from '../file-errors.ts'
import type { FileHasher } from '../files/file-hasher.ts'
import { notKept } from '../files/not-kept.ts'
import type { RunFiles } from '../files/run-files.ts'
import { undecidedHolders, type NamedFiles } from '../payload-store.ts'
import { HolderStream } from './holder-stream.ts'
import { DOES_NOT_HAVE_IT } from './pull.ts'
import type { Puller, PullerParts } from './puller.ts'

export interface FileFetcherParts extends Pick<PullerParts, 'network' | 'files' | 'threads' | 'log'> {
  runFiles: RunFiles
  hasher: Pick<FileHasher, 'judge'>
  puller: Pick<Puller, 'pull'>
  clock?: PullerParts['clock']
}

/** A copy that was found to be right, and what the file looked like then. */
type Seen = string

export class FileFetcher implements NamedFiles {
  readonly #parts: FileFetcherParts
  /** By hash: copies need not be read again while nothing about them changed. */
  readonly #seen = new Map<string, Seen>()

  constructor(parts: FileFetcherParts) {
    this.#parts = parts
  }

  async name(run: string, file: NamedFile): Promise<string> {
    await this.#parts.runFiles.addLink(run, file)
    return this.#parts.network.peer
  }

  async fetch(run: string, file: NamedFile, source: FileSource, signal: AbortSignal): Promise<string> {
    if (source.peer === this.#parts.network.peer) return this.#own(file, source, signal)
    for (let asked = 1; ; asked++) {
      const hash = await this.#ask(file, source, signal)
      const ref: PayloadRef = { hash, sizeBytes: file.bytes, inline: null, holders: [source.peer] }
      // First, so that the copy is not removed between its arrival and this note.
      await this.#parts.runFiles.noteCopy(run, hash)
      try {
        await this.#bring(ref, { file, source }, signal)
        return this.#parts.files.pathOf(hash)
      } catch (error) {
        // The pull may have waited long for its turn: its holder began anew since it was asked, or gave too many others.
        if (asked >= MAX_ASKED || !isForgotten(error, source)) throw error
      }
    }
  }

  async #bring(ref: PayloadRef, what: { file: NamedFile; source: FileSource }, signal: AbortSignal): Promise<void> {
    const { files } = this.#parts
    const wasHere = await this.#isHere(ref, signal)
    if (!wasHere) await this.#pull(ref, what, signal)
    const path = files.pathOf(ref.hash)
    // Its holder said which hash belongs to the name: the ends that came with the name must agree.
    const difference = differenceOf(what.file, await lookAtFile(path), { anyTime: true })
    if (difference !== null) {
      // What was here before is what it should be, for others.
      if (!wasHere) await files.setAside(ref.hash)
      throw fileLost(what.file, what.source, { why: `what it sent is not the file: ${difference}`, mayCome: false })
    }
    // It may have come for somebody else, or its peer was killed before this.
    if (((await stat(path)).mode & ALL_MODES) !== READ_ONLY) await chmod(path, READ_ONLY)
    await this.#remember(ref.hash)
  }

  /** It was named here, and the task did not find it as it was: this says why, unless it is there again. */
  async #own(file: NamedFile, source: FileSource, signal: AbortSignal): Promise<string> {
    const { runFiles, hasher } = this.#parts
    const link = await runFiles.find(source.run, fileId(source.run, file))
    if (link === undefined) throw fileLost(file, source, { why: 'it knows of no such file any more', mayCome: false })
    const verdict = await hasher.judge(link, signal).catch((cause: unknown) => {
      signal.throwIfAborted()
      throw fileLost(file, source, { why: `it could not read it: ${(cause as Error).message}`, mayCome: true, cause })
    })
    if (verdict.kind === 'changed') throw fileChangedThere(file, source, verdict.found)
    return file.path
  }

  /** The hash of the file, from the one who named it and nobody else: whoever has the bytes may then give them. */
  async #ask(file: NamedFile, source: FileSource, signal: AbortSignal): Promise<string> {
    const { network, clock = systemClock, log } = this.#parts
    let answer: PayloadAnswer
    try {
      const stream = await HolderStream.open(network, source.peer, clock, signal)
      try {
        answer = await stream.askPatiently({ kind: 'file', hash: fileId(source.run, file), run: source.run })
      } finally {
        stream.close()
      }
    } catch (error) {
      signal.throwIfAborted()
      log.debug('a holder of a file does not answer', { path: file.path, holder: source.peer, error })
      throw fileLost(file, source, { why: (error as Error).message, mayCome: true })
    }
    if (answer.kind === 'changed') throw fileChangedThere(file, source, answer.found)
    if (answer.kind === 'file' && answer.sizeBytes === file.bytes) return answer.hash
    const isBusy = answer.kind === 'no' && answer.why !== 'missing'
    const why = isBusy ? 'it could not read it, or was busy' : 'it knows of no such file any more'
    throw fileLost(file, source, { why, mayCome: isBusy })
  }

  async #pull(
    ref: PayloadRef,
    { file, source }: { file: NamedFile; source: FileSource },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#checkRoom(ref)
    try {
      await this.#parts.puller.pull(ref, signal)
    } catch (cause) {
      if (!hasCode(cause, 'LF_PAYLOAD_LOST')) throw cause
      throw fileLost(file, source, {
        why: (cause as Error).message,
        mayCome: undecidedHolders(cause).length > 0,
        cause,
      })
    }
  }

  /** Files may be of any size: one that cannot fit must not take what room there is from all others, for the hours that it takes to notice. */
  async #checkRoom({ sizeBytes }: PayloadRef): Promise<void> {
    const { folder } = this.#parts.files
    const found = await statfs(folder).catch(() => undefined)
    if (found === undefined || found.bavail * found.bsize >= sizeBytes) return
    throw notKept(folder, sizeBytes, { code: 'ENOSPC' })
  }

  /** A copy that was brought before is read again only when something about its file changed. */
  async #isHere({ hash, sizeBytes }: PayloadRef, signal: AbortSignal): Promise<boolean> {
    const { files, threads, log } = this.#parts
    const isAsSeen = this.#seen.get(hash) !== undefined && this.#seen.get(hash) === (await looks(files.pathOf(hash)))
    if (!(await files.touch(hash))) return false
    if (!isAsSeen && (await threads.hashFile({ path: files.pathOf(hash), sizeBytes }, { signal })) !== hash) {
      log.warn('A copy of a file on this host is not what was brought: it is set aside and brought again.', { hash })
      await files.setAside(hash)
      return false
    }
    return true
  }

  async #remember(hash: string): Promise<void> {
    const seen = await looks(this.#parts.files.pathOf(hash))
    this.#seen.delete(hash)
    if (seen !== undefined) this.#seen.set(hash, seen)
    const [oldest] = this.#seen.keys()
    if (this.#seen.size > MAX_SEEN && oldest !== undefined) this.#seen.delete(oldest)
  }
}

/** Copies that are remembered; of others the next reader pays for one reading. */
const MAX_SEEN = 10_000
/** For the peer's own user: the original may be closed to others. */
const READ_ONLY = 0o400
const ALL_MODES = 0o777

/** A holder that has forgotten what it offered is asked for it anew, this often in all. */
const MAX_ASKED = 3

function isForgotten(error: unknown, { peer }: FileSource): boolean {
  const { facts } = ((error as Error).cause ?? {}) as { facts?: { answers?: Record<string, string> } }
  return facts?.answers?.[peer] === DOES_NOT_HAVE_IT
}

async function looks(path: string): Promise<Seen | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  return found && `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`
}
