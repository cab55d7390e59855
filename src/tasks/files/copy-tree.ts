/** Copies a file, a link or a folder with all that is in it. Folders are merged; links are copied as links and never followed. */
import type { BigIntStats } from 'node:fs'
import { chmod, lstat, mkdir, readlink, rename, rm, symlink, utimes } from 'node:fs/promises'
import { LightflowError } from '../../core/errors.ts'
import { type CopyTools, copyFile, exists, secondsOf } from './copy-file.ts'
import { errnoOf } from './file-errors.ts'
import { lstatOrNull, namesIn, syncFolder } from './file-system.ts'
import { keptMode } from './kept-mode.ts'
import { below, folderOf, type Path, shown } from './paths.ts'
import { kindOf } from './walk-tree.ts'

/** While a folder is filled, whatever it will be in the end. */
const OWNER_MAY_ALL = 0o700

export async function copyTree(source: Path, target: Path, tools: CopyTools): Promise<void> {
  tools.checkGoesOn()
  const found = await lstatOrNull(source)
  // It was listed a moment ago: what is gone since has nothing to be copied.
  if (found === null) return
  await tools.parts.tidyFor(target)
  switch (kindOf(found)) {
    case 'file':
      await copyFile(source, target, tools)
      return
    case 'folder':
      return copyFolder(source, target, tools)
    case 'link':
      return copyLink(source, target, tools)
    case 'other':
      throw strange(tools.task, source)
  }
}

async function copyFolder(source: Path, target: Path, tools: CopyTools): Promise<void> {
  const before = await lstat(source, { bigint: true })
  const isNew = await makeFolder(target, before, tools)
  for (const name of await namesIn(source)) await copyTree(below(source, name), below(target, name), tools)
  if (!isNew) return
  await keepMode(before, target)
  await utimes(target, secondsOf(before.atimeNs), secondsOf(before.mtimeNs))
}

/** Of a folder that is filled. */
export async function keepMode(source: BigIntStats, target: Path): Promise<void> {
  await chmod(target, keptMode(source, await lstat(target, { bigint: true })))
}

/** Whether it was made: one that was there keeps its mode. A link to a folder is none, it may lead anywhere. */
export async function makeFolder(target: Path, { mode }: BigIntStats, { task }: CopyTools): Promise<boolean> {
  try {
    await mkdir(target, { mode: Number(mode & 0o777n) | OWNER_MAY_ALL })
    await syncFolder(folderOf(target))
    return true
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
  const there = await lstatOrNull(target)
  if (there?.isDirectory() === true) return false
  throw exists(task, target, there?.isSymbolicLink() === true ? 'a link' : 'a file')
}

export async function copyLink(source: Path, target: Path, { task, parts, existing }: CopyTools): Promise<void> {
  const to = await readlink(source, { encoding: 'buffer' })
  const there = await lstatOrNull(target)
  if (there?.isSymbolicLink() === true && to.equals(await readlink(target, { encoding: 'buffer' }))) return
  if (there?.isDirectory() === true) throw exists(task, target, 'a folder')
  if (existing === 'refuse') return makeLink(task, to, target)
  const part = parts.nameFor(target)
  await rm(part, { force: true })
  await symlink(to, part)
  await rename(part, target)
  await syncFolder(folderOf(target))
}

/** Replaces nothing, also not what appeared meanwhile. */
async function makeLink(task: string, to: Buffer, target: Path): Promise<void> {
  try {
    await symlink(to, target)
  } catch (error) {
    throw errnoOf(error) === 'EEXIST' ? exists(task, target, 'something else') : error
  }
  await syncFolder(folderOf(target))
}

export function strange(task: string, path: Path): LightflowError {
  return new LightflowError(
    'LF_FILE_KIND',
    `The task "${task}" cannot copy "${shown(path)}": it is no file, folder or link.`,
    {
      hint: 'It is a pipe, a socket or a device. Leave it out.',
    },
  )
}
