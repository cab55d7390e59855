/** Writes a file so that it is there whole or not at all, and stays there: new name, to disk, rename, folder to disk. */
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Random, systemRandom } from '../../core/random.ts'

/** The calls of the system that may fail, apart for tests. */
export interface AtomicWriteOptions {
  random?: Random
  openFile?: typeof open
}

export async function writeAtomically(
  file: string,
  bytes: Uint8Array,
  { random = systemRandom, openFile = open }: AtomicWriteOptions = {},
): Promise<void> {
  const temporary = `${file}.${random.hex(6)}.part`
  try {
    const handle = await openFile(temporary, 'wx')
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw error
  }
  await syncFolder(dirname(file))
}

/** A folder that stays, like the files in it. */
export async function makeFolder(folder: string): Promise<void> {
  const firstMade = await mkdir(folder, { recursive: true })
  if (firstMade !== undefined) await syncFolder(dirname(folder))
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
