/**
 * Moves a file, a link or a folder. Within a file system it is renamed; to another one it is copied, checked and only then removed, file by
 * file, so that each is whole in one of both places at every moment.
 */
import type { BigIntStats } from 'node:fs'
import { chmod, lstat, rename, rmdir, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  changed,
  checkOther,
  type CopyTools,
  copyFile,
  exists,
  type Found,
  haveSameBytes,
  lstatOrNull,
  syncFolder,
} from './copy-file.ts'
import { copyLink, makeFolder, namesIn, strange } from './copy-tree.ts'
import { errnoOf } from './file-errors.ts'
import { type EntryKind, kindOf } from './walk-tree.ts'

export interface MoveTools extends CopyTools {
  /** As the system's: apart for tests, which have no second device. */
  renameFile?: typeof rename
}

export async function moveTree(source: string, target: string, tools: MoveTools): Promise<void> {
  tools.checkGoesOn()
  const found = await lstatOrNull(source)
  if (found === null) return
  await tools.parts.tidyFor(target)
  const kind = kindOf(found)
  if (kind === 'other') throw strange(tools.task, source)
  const there = await lstatOrNull(target)
  if (there !== null) {
    checkOther(tools.task, [source, found], [target, there])
    if (kind === 'folder' && there.isDirectory()) return mergeFolder(source, target, tools)
    if (await isMoved([source, found], [target, there], tools)) return remove(source)
    checkReplaceable(target, kind, kindOf(there), tools)
  }
  if (await renamed(source, target, tools)) return
  if (kind === 'folder') return mergeFolder(source, target, tools)
  if (kind === 'link') await copyLink(source, target, tools)
  else await checkStillIt(source, await copyFile(source, target, tools), tools)
  await remove(source)
}

/** What is in the one goes into the other, then the empty one is removed: what appeared in it meanwhile keeps it, and is told. */
async function mergeFolder(source: string, target: string, tools: MoveTools): Promise<void> {
  const { mode } = await lstat(source)
  const isNew = await makeFolder(target, mode, tools)
  for (const name of await namesIn(source)) await moveTree(join(source, name), join(target, name), tools)
  if (isNew) await chmod(target, mode & 0o7777)
  await rmdir(source)
  await syncFolder(dirname(source))
}

async function renamed(source: string, target: string, { renameFile = rename }: MoveTools): Promise<boolean> {
  try {
    await renameFile(source, target)
  } catch (error) {
    if (errnoOf(error) === 'EXDEV') return false
    throw error
  }
  await syncFolder(dirname(target))
  if (dirname(source) !== dirname(target)) await syncFolder(dirname(source))
  return true
}

function checkReplaceable(target: string, kind: EntryKind, there: EntryKind, { task, existing }: MoveTools): void {
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

async function checkStillIt(source: string, before: BigIntStats, { task }: MoveTools): Promise<void> {
  const now = await lstatOrNull(source)
  const isIt = now !== null && now.ino === before.ino && now.size === before.size && now.mtimeNs === before.mtimeNs
  if (!isIt) throw changed(task, source)
}

async function remove(source: string): Promise<void> {
  await unlink(source)
  await syncFolder(dirname(source))
}
