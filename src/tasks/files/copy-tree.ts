/** Copies a file, a link or a folder with all that is in it. Folders are merged; links are copied as links and never followed. */
import { chmod, lstat, mkdir, readdir, readlink, rename, rm, symlink, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { LightflowError } from '../../core/errors.ts'
import { type CopyTools, copyFile, exists, lstatOrNull, syncFolder } from './copy-file.ts'
import { errnoOf } from './file-errors.ts'
import { compareNames, kindOf } from './walk-tree.ts'

/** While a folder is filled, whatever it will be in the end. */
const OWNER_MAY_ALL = 0o700

export async function copyTree(source: string, target: string, tools: CopyTools): Promise<void> {
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

async function copyFolder(source: string, target: string, tools: CopyTools): Promise<void> {
  const before = await lstat(source)
  const isNew = await makeFolder(target, before.mode, tools)
  for (const name of await namesIn(source)) await copyTree(join(source, name), join(target, name), tools)
  if (!isNew) return
  await chmod(target, before.mode & 0o7777)
  await utimes(target, before.atime, before.mtime)
}

/** Whether it was made: one that was there keeps its mode. A link to a folder is none, it may lead anywhere. */
export async function makeFolder(target: string, mode: number, { task }: CopyTools): Promise<boolean> {
  try {
    await mkdir(target, { mode: (mode & 0o777) | OWNER_MAY_ALL })
    await syncFolder(dirname(target))
    return true
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
  const there = await lstatOrNull(target)
  if (there?.isDirectory() === true) return false
  throw exists(task, target, there?.isSymbolicLink() === true ? 'a link' : 'a file')
}

export async function copyLink(source: string, target: string, { task, parts, existing }: CopyTools): Promise<void> {
  const to = await readlink(source)
  const there = await lstatOrNull(target)
  if (there?.isSymbolicLink() === true && (await readlink(target)) === to) return
  if (there?.isDirectory() === true) throw exists(task, target, 'a folder')
  if (there !== null && existing === 'refuse') throw exists(task, target, 'something else')
  const part = parts.nameFor(target)
  await rm(part, { force: true })
  await symlink(to, part)
  await rename(part, target)
  await syncFolder(dirname(target))
}

export async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).toSorted(compareNames)
}

export function strange(task: string, path: string): LightflowError {
  return new LightflowError(
    'LF_FILE_KIND',
    `The task "${task}" cannot copy "${path}": it is no file, folder or link.`,
    {
      hint: 'It is a pipe, a socket or a device. Leave it out.',
    },
  )
}
