/** What the tasks about files ask of the system, beside what Node has. */
import type { BigIntStats } from 'node:fs'
import { lstat, open, readdir } from 'node:fs/promises'
import { errnoOf } from './file-errors.ts'
import { type Path, pathOf } from './paths.ts'
import { compareNames } from './walk-tree.ts'

/** Null when nothing is there. */
export async function lstatOrNull(path: Path): Promise<BigIntStats | null> {
  try {
    return await lstat(path, { bigint: true })
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}

/** What was renamed in it stays renamed. Some network shares cannot do it and need not. */
export async function syncFolder(folder: Path): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EBADF', 'EPERM'].includes(errnoOf(error) ?? '')) throw error
  } finally {
    await handle.close()
  }
}

/** In order. */
export async function namesIn(folder: Path): Promise<Path[]> {
  return (await readdir(folder, { encoding: 'buffer' })).map(pathOf).toSorted(compareNames)
}
