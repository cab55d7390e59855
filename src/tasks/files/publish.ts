/** A file gets its final name. */
import { link, rename, unlink } from 'node:fs/promises'
import type { OnExisting } from './copy-file.ts'
import { errnoOf } from './file-errors.ts'
import { lstatOrNull } from './file-system.ts'
import type { Path } from './paths.ts'

/** What file systems without hard links say, and network shares. */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK'])

export interface PublishTools {
  existing: OnExisting
  /** As the system's: apart for tests, whose file systems all have hard links. */
  makeLink?: typeof link
  /** Between both: whether the old name may go. Throws when not. */
  checkStillIt?: () => Promise<void>
}

/**
 * False when something has the name already, where nothing may be replaced. A rename replaces whatever appeared since it was looked, a hard
 * link does not; where there are none, it is looked again just before the rename.
 */
export async function publish(from: Path, to: Path, tools: PublishTools): Promise<boolean> {
  const { existing, makeLink = link, checkStillIt } = tools
  if (existing === 'replace') {
    await rename(from, to)
    return true
  }
  try {
    await makeLink(from, to)
  } catch (error) {
    const errno = errnoOf(error) ?? ''
    if (errno === 'EEXIST') return false
    if (!NO_LINKS.has(errno)) throw error
    if ((await lstatOrNull(to)) !== null) return false
    await rename(from, to)
    return true
  }
  await checkStillIt?.()
  await unlink(from)
  return true
}
