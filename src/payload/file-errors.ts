/** What is said of files that were named and cannot be had. */
import { LightflowError } from '../core/errors.ts'
import type { FileSource, NamedFile } from '../tasks/named-file.ts'

export interface Loss {
  /** The end of a sentence. */
  why: string
  /** Its holder may still give it, later or to another peer. */
  mayCome: boolean
  cause?: unknown
}

export function fileLost(file: NamedFile, source: FileSource, { why, mayCome, cause }: Loss): LightflowError {
  const message = `The file ${file.path} (${file.bytes} bytes), which ${namedBy(source)}, is not seen on this host and cannot be had from there: ${why.replace(/\.$/, '')}.`
  return new LightflowError('LF_FILE_LOST', message, {
    hint: 'It can be had again when that peer is back and the file is as it was; otherwise the task that named it has to run again: start a new run.',
    facts: { path: file.path, ...source, undecided: mayCome ? [source.peer] : [] },
    cause,
  })
}

export function fileChangedThere(
  file: NamedFile,
  source: FileSource,
  found: Pick<NamedFile, 'bytes' | 'modifiedMs'> | null,
): LightflowError {
  const isAlike = found?.bytes === file.bytes && found.modifiedMs === file.modifiedMs
  const now =
    found === null
      ? 'it is gone, or cannot be read any more'
      : isAlike
        ? 'its bytes are others now, although size and time are the same'
        : `it is now ${described(found)}`
  const message = `The file ${file.path} is not the one that ${namedBy(source)}: it was ${described(file)}, and ${now}.`
  return new LightflowError('LF_FILE_CHANGED', message, {
    hint: 'Write each result to a file of its own and leave it alone while the run needs it; start a new run.',
    facts: { path: file.path, ...source, bytes: file.bytes, modifiedMs: file.modifiedMs, found },
  })
}

function namedBy({ task, dag, peer }: FileSource): string {
  return `task "${task}" of ${dag} named on peer ${peer}`
}

function described({ bytes, modifiedMs }: Pick<NamedFile, 'bytes' | 'modifiedMs'>): string {
  // A time may be beyond what a date can hold.
  const date = new Date(modifiedMs)
  return `${bytes} bytes of ${Number.isNaN(date.getTime()) ? modifiedMs : date.toISOString()}`
}
