/** Everything below a folder, in order of name; links are told and never entered. */
import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from './file-errors.ts'

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
  /** Whether a folder is told of before what is in it (default), or after it. */
  foldersLast?: boolean
}

/** Throws the system's error when a folder cannot be read; one below the root that vanishes meanwhile is left out. */
export async function* walkTree(root: string, options: WalkOptions = {}): AsyncGenerator<TreeEntry> {
  yield* walkFolder(root, '', 1, options)
}

async function* walkFolder(
  folder: string,
  prefix: string,
  depth: number,
  options: WalkOptions,
): AsyncGenerator<TreeEntry> {
  const { maxDepth = Number.POSITIVE_INFINITY, isExcluded = () => false, foldersLast = false } = options
  for (const dirent of await readSorted(folder, depth > 1)) {
    const { name } = dirent
    const entry = { path: join(folder, name), relative: `${prefix}${name}`, name, kind: kindOf(dirent) }
    if (isExcluded(entry)) continue
    if (!foldersLast) yield entry
    if (entry.kind === 'folder' && depth < maxDepth) {
      yield* walkFolder(entry.path, `${entry.relative}/`, depth + 1, options)
    }
    if (foldersLast) yield entry
  }
}

async function readSorted(folder: string, mayVanish: boolean): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.toSorted((a, b) => compareNames(a.name, b.name))
  } catch (error) {
    if (mayVanish && errnoOf(error) === 'ENOENT') return []
    throw error
  }
}

/** The same on every peer, whatever its language. */
export function compareNames(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** Of a directory entry or of what `lstat` says. */
export function kindOf(found: Pick<Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): EntryKind {
  if (found.isFile()) return 'file'
  if (found.isDirectory()) return 'folder'
  return found.isSymbolicLink() ? 'link' : 'other'
}
