/** Where sources go: into a folder that exists, under their own names, or to the path that is given, under its name. */
import { lstat, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, normalize, sep } from 'node:path'
import { LightflowError } from '../../core/errors.ts'
import { errnoOf, fileError } from './file-errors.ts'

export interface Pair {
  source: string
  target: string
}

export interface TargetRules {
  /** The destination is a folder, into which the sources go. */
  isInto: boolean
  /** A source that is a link stands for what it leads to. */
  followsLinks: boolean
}

/** Decided for all sources before the first is touched. Throws `LF_FILE_DESTINATION`, `LF_FILE_ONTO_ITSELF`. */
export async function findTargets(
  task: string,
  sources: readonly string[],
  destination: string,
  { isInto, followsLinks }: TargetRules,
): Promise<Pair[]> {
  if (!isInto && (sources.length > 1 || destination.endsWith(sep))) throw noFolder(task, destination)
  const pairs = sources.map(given => {
    const source = withoutEndingSlash(given)
    return { source, target: isInto ? join(destination, basename(source)) : destination }
  })
  checkNamesDiffer(task, pairs)
  for (const { source, target } of pairs) await checkNotInside(task, { source, target }, followsLinks)
  return pairs
}

/** Throws `LF_FILE_MISSING` when there is none. A link counts, wherever it leads. */
export async function checkSource(task: string, doing: string, source: string): Promise<void> {
  try {
    await lstat(source)
  } catch (error) {
    throw fileError(task, `${doing} "${source}"`, error)
  }
}

/** Of the path that a single source gets: the folder in which it will be. Throws `LF_FILE_MISSING`. */
export async function checkFolderAbove(task: string, doing: string, pairs: readonly Pair[]): Promise<void> {
  for (const { source, target } of pairs) {
    const folder = dirname(target)
    try {
      await stat(folder)
    } catch (error) {
      throw fileError(task, `${doing} "${source}" into "${folder}"`, error)
    }
  }
}

export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

/** What ends with one is a link's folder for the system; here it is the link. */
export function withoutEndingSlash(path: string): string {
  const plain = normalize(path)
  return plain.length > 1 && plain.endsWith(sep) ? plain.slice(0, -1) : plain
}

function checkNamesDiffer(task: string, pairs: readonly Pair[]): void {
  const seen = new Map<string, string>()
  for (const { source, target } of pairs) {
    const other = seen.get(target)
    if (other !== undefined && other !== source) {
      const message = `The task "${task}" would put two sources under one name: "${other}" and "${source}".`
      throw new LightflowError('LF_FILE_DESTINATION', message, { hint: `Both would become "${target}".` })
    }
    seen.set(target, source)
  }
}

async function checkNotInside(task: string, { source, target }: Pair, followsLinks: boolean): Promise<void> {
  const [from, into] = [followsLinks ? await realOrGiven(source) : await realName(source), await realName(target)]
  if (into !== from && !into.startsWith(from === sep ? sep : `${from}${sep}`)) return
  const message = `The task "${task}" would put "${source}" into itself: "${target}".`
  throw new LightflowError('LF_FILE_ONTO_ITSELF', message, { hint: 'Choose a destination outside of the source.' })
}

/** Where a name really is, whatever it leads to. */
async function realName(path: string): Promise<string> {
  return join(await realOrGiven(dirname(path)), basename(path))
}

async function realOrGiven(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    // What does not exist is inside of nothing; whether it may be missing is asked elsewhere.
    return path
  }
}

function noFolder(task: string, destination: string): LightflowError {
  return new LightflowError('LF_FILE_DESTINATION', `The task "${task}" found no folder at "${destination}".`, {
    hint: 'Several sources, and a destination that ends with "/", need a folder that exists: make it with a MakeDirTask.',
  })
}
