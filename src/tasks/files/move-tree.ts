/**
 * Moves a file, a link or a folder. Within a file system it is renamed; to another one it is copied, checked and only then removed, file by
 * file, so that each is whole in one of both places at every moment.
 */
import type { BigIntStats } from 'node:fs'
import { lstat, rename, rmdir, stat, unlink } from 'node:fs/promises'
import { changed, checkOther, type CopyTools, copyFile, exists, type Found, haveSameBytes } from './copy-file.ts'
import { copyLink, keepMode, makeFolder, strange } from './copy-tree.ts'
import { errnoOf } from './file-errors.ts'
import { lstatOrNull, namesIn, syncFolder } from './file-system.ts'
import { below, folderOf, nameOf, type Path, shown } from './paths.ts'
import { publish } from './publish.ts'
import { type EntryKind, kindOf } from './walk-tree.ts'

export interface MoveTools extends CopyTools {
  /** As the system's: apart for tests, which have no second device. */
  renameFile?: typeof rename
}

export async function moveTree(source: Path, target: Path, tools: MoveTools): Promise<void> {
  tools.checkGoesOn()
  const found = await lstatOrNull(source)
  if (found === null) return
  await tools.parts.tidyFor(target)
  const kind = kindOf(found)
  if (kind === 'other') throw strange(tools.task, source)
  const there = await lstatOrNull(target)
  if (there !== null) {
    if (await isSecondName([source, found], [target, there], tools)) return remove(source)
    checkOther(tools.task, [source, found], [target, there])
    if (kind === 'folder' && there.isDirectory()) return mergeFolder(source, target, tools)
    if (await isMoved([source, found], [target, there], tools)) return remove(source)
    checkReplaceable(target, kind, kindOf(there), tools)
  }
  if (await renamed([source, found], target, tools)) return
  if (kind === 'folder') return mergeFolder(source, target, tools)
  if (kind === 'link') await copyLink(source, target, tools)
  else await checkStillIt(source, await copyFile(source, target, tools), tools)
  await remove(source)
}

/** What is in the one goes into the other, then the empty one is removed: what appeared in it meanwhile keeps it, and is told. */
async function mergeFolder(source: Path, target: Path, tools: MoveTools): Promise<void> {
  const before = await lstat(source, { bigint: true })
  const isNew = await makeFolder(target, before, tools)
  for (const name of await namesIn(source)) await moveTree(below(source, name), below(target, name), tools)
  if (isNew) await keepMode(before, target)
  await rmdir(source)
  await syncFolder(folderOf(source))
}

/** False when it has to be copied: to another file system; and a link where nothing may be replaced. */
async function renamed([source, found]: Found, target: Path, tools: MoveTools): Promise<boolean> {
  const { renameFile = rename, existing } = tools
  const kind = kindOf(found)
  if (existing === 'refuse' && kind === 'link') return false
  try {
    // A folder that is renamed replaces nothing but an empty one.
    if (existing === 'replace' || kind === 'folder') await renameFile(source, target)
    else await publishSource([source, found], target, tools)
  } catch (error) {
    if (errnoOf(error) === 'EXDEV') return false
    throw error
  }
  await syncFolder(folderOf(target))
  if (shown(folderOf(source)) !== shown(folderOf(target))) await syncFolder(folderOf(source))
  return true
}

async function publishSource([source, found]: Found, target: Path, tools: MoveTools): Promise<void> {
  const checkSource = (): Promise<void> => checkStillIt(source, found, tools)
  if (await publish(source, target, { ...tools, checkStillIt: checkSource })) return
  const there = await lstatOrNull(target)
  if (there === null || !(await isMoved([source, found], [target, there], tools))) {
    throw exists(tools.task, target, 'a file')
  }
  await unlink(source)
}

/**
 * Where nothing may be replaced, a file has both names for a moment: who died then left them. One name that is seen through two mounts, or
 * written in two ways, is none of these: it would be lost.
 */
async function isSecondName([source, a]: Found, [target, b]: Found, { existing }: MoveTools): Promise<boolean> {
  const isOne = a.isFile() && a.dev === b.dev && a.ino === b.ino
  if (existing !== 'refuse' || !isOne || a.nlink < 2n) return false
  const [from, into] = await Promise.all([source, target].map(path => stat(folderOf(path), { bigint: true })))
  if (from?.dev !== into?.dev || from?.ino !== into?.ino) return true
  const [one, other] = [source, target].map(path => shown(nameOf(path)).normalize().toLowerCase())
  return one !== other
}

function checkReplaceable(target: Path, kind: EntryKind, there: EntryKind, { task, existing }: MoveTools): void {
  if (there === 'folder') throw exists(task, target, 'a folder')
  if (kind === 'folder' || existing === 'refuse') throw exists(task, target, there === 'file' ? 'a file' : 'a link')
}

/** Where nothing may be replaced, the same bytes are what an earlier attempt copied and did not live to remove here. */
async function isMoved([source, a]: Found, [target, b]: Found, tools: MoveTools): Promise<boolean> {
  const mayBe = tools.existing === 'refuse' && a.isFile() && b.isFile() && a.size === b.size
  if (!mayBe || !(await haveSameBytes([source, target], tools))) return false
  await checkStillIt(source, a, tools)
  return true
}

async function checkStillIt(source: Path, before: BigIntStats, { task }: MoveTools): Promise<void> {
  const now = await lstatOrNull(source)
  const isIt = now !== null && now.ino === before.ino && now.size === before.size && now.mtimeNs === before.mtimeNs
  if (!isIt) throw changed(task, source)
}

async function remove(source: Path): Promise<void> {
  await unlink(source)
  await syncFolder(folderOf(source))
}
