/** The folders that a peer writes to: whether it can, how much room there is, and what kind of file system it is. */
import { mkdtemp, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { networkFileSystemName } from '../../ledger/sqlite/ledger-path.ts'
import { type Check, failed, type Finding, ok, warning } from './check.ts'

const MiB = 1024 * 1024
const GiB = 1024 * MiB
/** Below it, a ledger of a busy day does not fit any more. */
const ADVISED_FREE_BYTES = 2 * GiB
const MIN_FREE_BYTES = 64 * MiB
const FOLDER_LIMIT_MS = 10_000

export interface FolderFacts {
  path: string
  kind: 'folder' | 'missing' | 'other'
  /** Why nothing can be written there, or, when it is missing, into the nearest folder above it that exists. */
  notWritable?: string
  freeBytes: number
  /** Of a file system that several machines see. */
  network?: string
}

export function folderCheck(name: string, path: string, contents: string): Check {
  return {
    name,
    limitMs: FOLDER_LIMIT_MS,
    run: async () => [{ name, ...decideFolder(await lookAtFolder(path), contents) }],
  }
}

export function decideFolder({ path, kind, notWritable, freeBytes, network }: FolderFacts, contents: string): Finding {
  if (kind === 'other') return failed(`${path} is not a folder`, 'Name another place with --home or LF_HOME.')
  if (notWritable !== undefined) {
    const found = kind === 'missing' ? `${path} cannot be made` : `${path} cannot be written`
    return failed(
      `${found}: ${notWritable}`,
      'Give yourself the right to write there (chown, chmod), or name another place with --home or LF_HOME.',
    )
  }
  const found = `${path}${kind === 'missing' ? ', made when it is needed' : ''}; ${formatBytes(freeBytes)} free`
  const room = 'Make room on that disk: peers stop writing when it is full, and go on when it is not any more.'
  if (freeBytes < MIN_FREE_BYTES) return failed(found, room)
  if (freeBytes < ADVISED_FREE_BYTES) return warning(found, room)
  return network === undefined
    ? ok(found)
    : warning(
        `${found}, on a network file system (${network})`,
        `Keep ${contents} on a local disk of each machine: set LF_HOME.`,
      )
}

async function lookAtFolder(path: string): Promise<FolderFacts> {
  const kind = await kindOf(path)
  if (kind === 'other') return { path, kind, freeBytes: 0 }
  const existing = await nearestFolder(path)
  const { bavail, bsize, type } = await statfs(existing)
  const network = networkFileSystemName(type)
  const notWritable = await whyNotWritable(existing)
  return {
    path,
    kind,
    freeBytes: bavail * bsize,
    ...(notWritable === undefined ? {} : { notWritable }),
    ...(network === undefined ? {} : { network }),
  }
}

async function kindOf(path: string): Promise<FolderFacts['kind']> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'other'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return 'missing'
    if (code === 'ENOTDIR') return 'other'
    throw error
  }
}

async function nearestFolder(path: string): Promise<string> {
  const kind = await kindOf(path)
  if (kind === 'folder' || dirname(path) === path) return path
  return nearestFolder(dirname(path))
}

/** By writing: rights, quotas and read-only mounts all count. What it wrote is removed. */
async function whyNotWritable(folder: string): Promise<string | undefined> {
  let made: string | undefined
  try {
    made = await mkdtemp(join(folder, '.lightflow-doctor-'))
    await writeFile(join(made, 'probe'), 'x'.repeat(4096))
    return undefined
  } catch (error) {
    const { code = 'it failed' } = error as NodeJS.ErrnoException
    return REASONS[code] ?? code
  } finally {
    if (made !== undefined) await rm(made, { recursive: true, force: true })
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'it is mounted read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
}

export function formatBytes(bytes: number): string {
  if (bytes >= 10 * GiB) return `${Math.round(bytes / GiB)} GiB`
  if (bytes >= GiB) return `${(bytes / GiB).toFixed(1)} GiB`
  return bytes >= MiB ? `${Math.round(bytes / MiB)} MiB` : `${Math.ceil(bytes / 1024)} KiB`
}
