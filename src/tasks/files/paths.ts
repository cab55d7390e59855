/**
 * Paths as the system knows them, which are bytes: text where they are text in UTF-8, as nearly all are, and else the bytes themselves. Read
 * as text, a name in another encoding would be that of a file which does not exist. Pure.
 */
import { isUtf8 } from 'node:buffer'
import { basename, dirname, join } from 'node:path'

export type Path = string | Buffer

const SLASH = 0x2f

/** Of the bytes of a path or a name. */
export function pathOf(bytes: Buffer): Path {
  return isUtf8(bytes) ? bytes.toString() : bytes
}

export function below(folder: Path, name: Path): Path {
  if (typeof folder === 'string' && typeof name === 'string') return join(folder, name)
  return pathOf(Buffer.concat([Buffer.from(folder), Buffer.of(SLASH), Buffer.from(name)]))
}

/** The folder in which it is. */
export function folderOf(path: Path): Path {
  if (typeof path === 'string') return dirname(path)
  const end = path.lastIndexOf(SLASH)
  return end <= 0 ? '/' : pathOf(path.subarray(0, end))
}

export function nameOf(path: Path): Path {
  return typeof path === 'string' ? basename(path) : pathOf(path.subarray(path.lastIndexOf(SLASH) + 1))
}

/** For people: bytes that are no text as `\xe9`. */
export function shown(path: Path): string {
  if (typeof path === 'string') return path
  return path.toString('latin1').replaceAll(/[^ -~]/g, byte => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
