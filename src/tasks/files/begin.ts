/**
 * What a copy or a move decides at its beginning and notes for whoever repeats it: whether `destination` is a folder to put things into, which
 * a broken-off attempt itself may have changed, and under which tags part files were made. The notes belong to the task in its run, and go
 * with the store to the run that tries this one again.
 */
import type { TaskCall, TaskTools } from '../../workflow/task-call.ts'
import { checkFolderAbove, checkSource, findTargets, isFolder, type Pair } from './find-targets.ts'
import { PartFiles, shortHash } from './part-files.ts'

export interface Wanted {
  task: string
  doing: 'copy' | 'move'
  sources: readonly string[]
  destination: string
}

export interface Begun {
  pairs: Pair[]
  parts: PartFiles
  /** An earlier attempt found all sources. */
  wasBegun: boolean
}

/** What was to be done, whether `destination` was a folder then, and the tags of this and former runs. One value of the store. */
type Note = [what: string, isInto: boolean, tags: string[]]

/** Runs in a row that try each other again, whose part files are still known. */
const MAX_FORMER_TAGS = 20

/** Touches nothing. Throws `LF_FILE_MISSING` and what {@link findTargets} throws. */
export async function begin(
  { task, doing, sources, destination }: Wanted,
  { context }: Pick<TaskCall, 'context'>,
  { notes }: Pick<TaskTools, 'notes'>,
): Promise<Begun> {
  const path = `files.${shortHash(`${context.dagName}/${context.taskName}`)}`
  const what = shortHash([doing, ...sources, destination].join('\0'))
  const tag = PartFiles.tagOf(context)
  const [noted, wasInto, tags]: Note = (await notes.get<Note>(path)) ?? ['', false, []]
  const parts = new PartFiles(context, tags)
  const wasBegun = noted === what
  const mayBeGone = wasBegun && doing === 'move'
  if (!mayBeGone) for (const source of sources) await checkSource(task, doing, source)
  const isInto = wasBegun ? wasInto : await isFolder(destination)
  const pairs = await findTargets(task, sources, destination, { isInto, followsLinks: doing === 'copy' })
  if (!wasBegun && !isInto) await checkFolderAbove(task, doing, pairs)
  if (!wasBegun || !tags.includes(tag)) {
    const known = [...tags.filter(other => other !== tag), tag].slice(-MAX_FORMER_TAGS)
    await notes.set(path, [what, isInto, known] satisfies Note)
  }
  return { pairs, parts, wasBegun }
}
