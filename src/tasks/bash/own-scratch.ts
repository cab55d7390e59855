/** The folder that a command finds in `LF_SCRATCH`. */
import { chmod, chown, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Ids } from './find-ids.ts'

/** Others may pass through the attempt's folder, and not look around in it. */
const MAY_PASS = 0o711

/** The attempt's own folder; for another user one inside it that belongs to that user. */
export async function ownScratch(scratch: string, { uid, gid }: Ids): Promise<string> {
  if (uid === undefined || uid === process.getuid?.()) return scratch
  const own = join(scratch, `user-${uid}`)
  await mkdir(own, { recursive: true })
  try {
    await chmod(scratch, MAY_PASS)
    await chown(own, uid, gid ?? -1)
  } catch {
    // A peer that may not give a folder away may not start the command as that user either, and then says so.
  }
  return own
}
