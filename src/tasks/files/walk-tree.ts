/** Everything below a folder, in order of name; links are told and never entered. */
import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LightflowError } from '../../core/errors.ts'
import { errnoOf } from './file-errors.ts'
import { type Path, pathOf, shown } from './paths.ts'

export type EntryKind = 'file' | 'folder' | 'link' | 'other'

export interface TreeEntry {
  path: string
  /** From the root of the walk. */
  relative: string
  name: string
  kind: EntryKind
}

export interface WalkOptions {
  /** Levels: 1 = only what is directly in the folder. */
  maxDepth?: number
  /** Left out; a folder with all that is below it. */
  isExcluded?: (entry: TreeEntry) => boolean
  /** Which entries matter, by default all: others may have names that are no text. */
  isSought?: (entry: TreeEntry) => boolean
}

/**
 * Throws the system's error when a folder cannot be read; one below the root that vanishes meanwhile is left out. Throws `LF_FILE_NAME` for
 * what is sought, or would be entered, under a name that is no text: nobody could open what it would be told as.
 */
export async function* walkTree(root: string, options: WalkOptions = {}): AsyncGenerator<TreeEntry> {
  yield* walkFolder(root, '', 1, options)
}

async function* walkFolder(
  folder: string,
  prefix: string,
  depth: number,
  options: WalkOptions,
): AsyncGenerator<TreeEntry> {
  const { maxDepth = Number.POSITIVE_INFINITY, isExcluded = () => false, isSought = () => true } = options
  for (const { name: found, kind } of await readSorted(folder, depth > 1)) {
    const name = shown(found)
    const entry = { path: join(folder, name), relative: `${prefix}${name}`, name, kind }
    if (isExcluded(entry)) continue
    if (typeof found !== 'string') {
      if (isSought(entry) || (kind === 'folder' && depth < maxDepth)) throw noText(folder, name)
      continue
    }
    yield entry
    if (entry.kind === 'folder' && depth < maxDepth) {
      yield* walkFolder(entry.path, `${entry.relative}/`, depth + 1, options)
    }
  }
}

async function readSorted(folder: string, mayVanish: boolean): Promise<{ name: Path; kind: EntryKind }[]> {
  try {
    const found = await readdir(folder, { withFileTypes: true, encoding: 'buffer' })
    const entries = found.map(dirent => ({ name: pathOf(dirent.name), kind: kindOf(dirent) }))
    return entries.toSorted((a, b) => compareNames(a.name, b.name))
  } catch (error) {
    if (mayVanish && errnoOf(error) === 'ENOENT') return []
    throw error
  }
}

/** The same on every peer, whatever its language. */
export function compareNames(a: Path, b: Path): number {
  const [one, other] = [shown(a), shown(b)]
  if (one === other) return 0
  return one < other ? -1 : 1
}

function noText(folder: string, name: string): LightflowError {
  const message = `In the folder "${folder}" is a name that is no text in UTF-8: "${name}".`
  return new LightflowError('LF_FILE_NAME', message, {
    hint: "Rename it (convmv finds and mends such names), or leave it out by a wildcard: exclude: 'caf*'.",
    facts: { folder },
  })
}

/** Of a directory entry or of what `lstat` says. */
export function kindOf(found: Pick<Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): EntryKind {
  if (found.isFile()) return 'file'
  if (found.isDirectory()) return 'folder'
  return found.isSymbolicLink() ? 'link' : 'other'
}
