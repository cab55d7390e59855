import { open, rename, rm } from 'node:fs/promises'
import { dirname, join, basename } from 'node:path'

/** Writes a file so that a reader sees the old or the new one, never a half: temporary name, flush, rename. */
export async function writeFileAtomically(
  path: string,
  text: string,
  attempt: string = String(process.pid),
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${attempt}.part`)
  try {
    await using file = await open(temporary, 'w')
    await file.writeFile(text)
    await file.sync()
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
