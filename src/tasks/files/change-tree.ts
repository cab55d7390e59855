/** Does something to a path and, if wanted, to all that is below it. What is denied is left, and told at the end; the rest is done. */
import type { BigIntStats } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { errnoOf } from './file-errors.ts'
import { HeldFolder, inWordsOf } from './held-folder.ts'
import { below, type Path } from './paths.ts'
import { type EntryKind, kindOf } from './walk-tree.ts'

export interface ChangeOptions {
  recursive: boolean
  onlyDirs: boolean
  /** A folder after what is in it: the change closes it. One that is closed is opened for its owner meanwhile. */
  foldersLast?: boolean
  /** Must not follow a link. */
  change: (at: Path, kind: EntryKind) => Promise<void>
  /** Called before each. Throws when it must not go on. */
  checkGoesOn: () => void
  /** Of a path that is left because the system denies it. */
  onDenied: (path: Path, error: unknown) => void
}

/** What the owner needs to go through a folder. */
export const OWNER_GOES_THROUGH = 0o500

/** Throws the system's error for all but what is denied. What vanishes meanwhile is left out. */
export async function changeTree(root: Path, options: ChangeOptions): Promise<void> {
  const found = await lstat(root, { bigint: true })
  await changeOne(root, root, found, options)
}

/** `at` leads to the path without going through its folders again. */
async function changeOne(at: Path, path: Path, found: BigIntStats, options: ChangeOptions): Promise<void> {
  const { recursive, onlyDirs, foldersLast = false, checkGoesOn } = options
  checkGoesOn()
  const kind = kindOf(found)
  const isMeant = !onlyDirs || kind === 'folder'
  const change = async (how: ChangeOptions): Promise<boolean> =>
    !isMeant || allowed(path, how, () => options.change(at, kind))
  if (kind !== 'folder' || !recursive) return void (await change(options))
  const inside = (how: ChangeOptions): Promise<boolean> =>
    allowed(path, how, () => changeInside(at, path, found, options))
  // Who is denied the one may still do the other; if not, that is no second denial.
  const [first, second] = foldersLast ? [inside, change] : [change, inside]
  await second((await first(options)) ? options : { ...options, onDenied: () => {} })
}

async function changeInside(at: Path, path: Path, found: BigIntStats, options: ChangeOptions): Promise<void> {
  const folder = await openFolder(at)
  if (folder === null) return
  try {
    if (options.foldersLast === true && isClosedToUs(found)) {
      await folder.chmod(Number(found.mode & 0o7777n) | OWNER_GOES_THROUGH)
    }
    for (const name of await folder.names()) await changeEntry(folder.at(name), below(path, name), options)
  } finally {
    await folder.close()
  }
}

async function changeEntry(at: Path, path: Path, options: ChangeOptions): Promise<void> {
  let found: BigIntStats | undefined
  const look = async (): Promise<void> => {
    found = await lstat(at, { bigint: true })
  }
  if ((await allowed(path, options, look)) && found !== undefined) await changeOne(at, path, found, options)
}

/** Null when it is a link or gone by now. */
async function openFolder(at: Path): Promise<HeldFolder | null> {
  try {
    return await HeldFolder.open(at)
  } catch (error) {
    if (['ENOTDIR', 'ELOOP', 'ENOENT'].includes(errnoOf(error) ?? '')) return null
    throw error
  }
}

function isClosedToUs({ uid, mode }: BigIntStats): boolean {
  const isOurs = Number(uid) === process.geteuid?.()
  return isOurs && uid !== 0n && (Number(mode) & OWNER_GOES_THROUGH) !== OWNER_GOES_THROUGH
}

/** False when it was denied. What was there a moment ago may be gone. */
async function allowed(path: Path, { onDenied }: ChangeOptions, act: () => Promise<void>): Promise<boolean> {
  try {
    await act()
    return true
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT') return true
    if (errno !== 'EACCES' && errno !== 'EPERM') throw inWordsOf(path, error)
    onDenied(path, inWordsOf(path, error))
    return false
  }
}
