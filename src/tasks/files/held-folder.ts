/**
 * A folder that is held open while one works in it: what is in it is reached through it, not by its path. Who may write there could otherwise
 * put a link in its place meanwhile, and a task of root would work wherever that leads. Linux can do so; elsewhere the path has to do.
 */
import { constants, existsSync } from 'node:fs'
import { chmod, type FileHandle, open } from 'node:fs/promises'
import { errnoOf } from './file-errors.ts'
import { namesIn } from './file-system.ts'
import { below, type Path, shown } from './paths.ts'

const OPENED = '/proc/self/fd'
const CAN_HOLD = process.platform === 'linux' && existsSync(OPENED)
/** Opens the place, not what is in it: needs no permission of it, wakes no device and waits at no pipe. Node does not name it. */
const O_PATH = 0o10000000
const PLACE = (CAN_HOLD ? O_PATH : constants.O_RDONLY | constants.O_NONBLOCK) | constants.O_NOFOLLOW

export class HeldFolder {
  readonly #handle: FileHandle
  readonly #path: Path

  private constructor(handle: FileHandle, path: Path) {
    this.#handle = handle
    this.#path = path
  }

  /** Throws the system's error, also for a link (`ENOTDIR`). */
  static async open(path: Path): Promise<HeldFolder> {
    return new HeldFolder(await open(path, PLACE | constants.O_DIRECTORY), path)
  }

  /** Of what is in it: leads there as long as the folder is held. */
  at(name: Path): Path {
    return below(this.#here, name)
  }

  names(): Promise<Path[]> {
    return namesIn(this.#here)
  }

  chmod(mode: number): Promise<void> {
    return chmod(this.#here, mode)
  }

  close(): Promise<void> {
    return this.#handle.close()
  }

  get #here(): Path {
    return CAN_HOLD ? `${OPENED}/${this.#handle.fd}` : this.#path
  }
}

/** Leaves a link as it is, and what it leads to. */
export async function chmodNoLink(path: Path, mode: number): Promise<void> {
  const handle = await openNoLink(path)
  if (handle === null) return
  try {
    if ((await handle.stat()).isSymbolicLink()) return
    if (CAN_HOLD) await chmod(`${OPENED}/${handle.fd}`, mode)
    else await handle.chmod(mode)
  } finally {
    await handle.close()
  }
}

async function openNoLink(path: Path): Promise<FileHandle | null> {
  try {
    return await open(path, PLACE)
  } catch (error) {
    if (errnoOf(error) === 'ELOOP') return null
    throw error
  }
}

/** What the system says of a place in a held folder, in terms of the path that people know. */
export function inWordsOf(path: Path, error: unknown): unknown {
  const at = (error as { path?: unknown } | null)?.path
  if (!(error instanceof Error) || typeof at !== 'string' || !at.startsWith(`${OPENED}/`)) return error
  error.message = error.message.replaceAll(at, () => shown(path))
  return Object.assign(error, { path: shown(path) })
}
