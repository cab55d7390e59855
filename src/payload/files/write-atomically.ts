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
  const temporary = partName(file, random)
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

/** The name of a file that is being made, with the process that makes it: what is left of a dead one is found by it. */
export function partName(file: string, random: Random): string {
  return `${file}.${process.pid}.${random.hex(6)}.part`
}

/** A folder that stays, like the files in it. */
export async function makeFolder(folder: string): Promise<void> {
  const firstMade = await mkdir(folder, { recursive: true })
  if (firstMade !== undefined) await syncFolder(dirname(folder))
}

export const syncFile = sync
export const syncFolder = sync

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
