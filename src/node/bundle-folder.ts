/** The folder of a bundle: complete and on the disk before it has its name, checked before it is used, and removed when nobody uses it. */
import { readFileSync, renameSync, statSync } from 'node:fs'
import { lstat, open, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { dirname, join } from 'node:path'

/** In a bundle: all its other files, with their sizes. */
const FILES = 'files.json'

/** How the name of what is not finished ends; what a process that was killed left so is removed after a day. */
const DRAFT = '.new'
const DRAFT_KEPT_MS = 86_400_000
/** A process that runs loads parts of its bundle when it first needs them: an update must not take them away. */
const KEPT_MS = 90 * 86_400_000

const OTHERS_MAY_WRITE = 0o002

/** Path and size. */
export type SizedFile = [path: string, size: number]

/** One of its own for each who makes one: processes in containers have the same ids. */
export function draftOf(path: string): string {
  return `${path}.${randomUUID()}${DRAFT}`
}

/** What is in a bundle, by its own account. Throws when it has none. */
export function filesOf(folder: string): SizedFile[] {
  return JSON.parse(readFileSync(join(folder, FILES), 'utf8')) as SizedFile[]
}

/** Whether all is there that belongs to it. */
export function isWhole(folder: string): boolean {
  try {
    const files = filesOf(folder)
    return files.length > 0 && files.every(([path, size]) => statSync(join(folder, path)).size === size)
  } catch {
    return false
  }
}

/** What runs from it is whatever its owner put there, and who may write there. Nothing is checked that is not there. */
export async function checkOwner(folder: string, packages: string): Promise<void> {
  const at = await lstat(folder).catch(() => null)
  if (at === null || process.getuid === undefined) return
  const trusted = [0, process.getuid(), (await stat(packages)).uid]
  if (!at.isDirectory() || !trusted.includes(at.uid) || (at.mode & OTHERS_MAY_WRITE) !== 0)
    throw new Error(`${folder} belongs to somebody else, or others may write there`)
}

/** Notes what is in it and waits until the disk has all of it: a name must not survive a power failure that what it names did not. */
export async function seal(draft: string): Promise<void> {
  const entries = await readdir(draft, { recursive: true, withFileTypes: true })
  const pathOf = (entry: (typeof entries)[number]): string => join(entry.parentPath, entry.name)
  const files = entries.filter(entry => entry.isFile()).map(pathOf)
  const sizes = files.map((file): SizedFile => [file.slice(draft.length + 1), statSync(file).size])
  await writeFile(join(draft, FILES), JSON.stringify(sizes))
  const folders = entries.filter(entry => entry.isDirectory()).map(pathOf)
  await Promise.all([...files, join(draft, FILES)].map(settle))
  await Promise.all([...folders, draft].map(settle))
}

/** On the disk, and not to be written by others, whatever the umask is. */
async function settle(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    const { mode } = await file.stat()
    if ((mode & OTHERS_MAY_WRITE) !== 0) await file.chmod(mode & ~OTHERS_MAY_WRITE)
    // Windows syncs no folder, nor what is only read.
    if (process.platform !== 'win32') await file.sync()
  } finally {
    await file.close()
  }
}

/** Gives a draft its name, in the place of one that is broken; that of a neighbour who was faster is as good. */
export async function moveIn(draft: string, folder: string): Promise<void> {
  try {
    await rename(draft, folder)
  } catch (error) {
    if (isWhole(folder)) return
    const broken = draftOf(folder)
    try {
      // At once: a neighbour's, which is whole, must not come in between.
      renameSync(folder, broken)
      renameSync(draft, folder)
    } catch {
      if (!isWhole(folder)) throw error
    } finally {
      await rm(broken, { recursive: true, force: true })
    }
  }
  if (process.platform !== 'win32') await settle(dirname(folder))
}

/** It is in use, and stays. Where it belongs to somebody else, that one's uses count. */
export async function touch(folder: string, nowMs: number): Promise<void> {
  await utimes(folder, nowMs / 1000, nowMs / 1000).catch(() => {})
}

/** Those of earlier sources, and drafts that nobody will finish. What a neighbour removes meanwhile is gone too. */
export async function removeOld(cache: string, newest: string, nowMs: number): Promise<void> {
  const kind = newest.slice(0, newest.lastIndexOf('-') + 1)
  for (const entry of await readdir(cache)) {
    const used = await lstat(join(cache, entry)).catch(() => null)
    if (!entry.startsWith(kind) || entry === newest || used === null) continue
    const keptMs = entry.endsWith(DRAFT) ? DRAFT_KEPT_MS : KEPT_MS
    if (nowMs - used.mtimeMs > keptMs) await rm(join(cache, entry), { recursive: true, force: true }).catch(() => {})
  }
}
