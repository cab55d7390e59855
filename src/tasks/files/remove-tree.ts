/** Removes a file, a link (never what it leads to), or a folder with all that is in it. */
import { rmdir, unlink } from 'node:fs/promises'
import { errnoOf } from './file-errors.ts'
import { lstatOrNull } from './file-system.ts'
import { HeldFolder, inWordsOf } from './held-folder.ts'
import { below, type Path } from './paths.ts'

/** False when it was gone already. Throws the system's error; `checkGoesOn` throws when it must not go on. */
export function removeTree(path: Path, checkGoesOn: () => void): Promise<boolean> {
  return removeOne(path, path, checkGoesOn)
}

/** `at` leads to the path without going through its folders again. */
async function removeOne(at: Path, path: Path, checkGoesOn: () => void): Promise<boolean> {
  checkGoesOn()
  try {
    const found = await lstatOrNull(at)
    if (found === null) return false
    if (found.isDirectory()) await removeFolder(at, path, checkGoesOn)
    else await unlink(at)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw inWordsOf(path, error)
  }
}

async function removeFolder(at: Path, path: Path, checkGoesOn: () => void): Promise<void> {
  const folder = await HeldFolder.open(at)
  try {
    for (const name of await folder.names()) await removeOne(folder.at(name), below(path, name), checkGoesOn)
  } finally {
    await folder.close()
  }
  await rmdir(at)
}
