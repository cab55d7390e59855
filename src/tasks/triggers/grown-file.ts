/** One file that grows, and what tells it from another of the same name. */
import { createHash } from 'node:crypto'
import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errnoOf } from '../files/file-errors.ts'
import { compareNames } from '../files/walk-tree.ts'
import { LineBuffer, MAX_LINE_BYTES } from './split-lines.ts'

/** `ino`: its number in the file system; `head`: what it began with, as far as it was read. */
export type FileMark = [ino: string, offset: number, headBytes: number, head: string]

/** Of a file's beginning, this much tells it from others. */
const HEAD_BYTES = 1024
const PIECE_BYTES = 64 * 1024
/** Where its last line begins is looked for this far from its end. */
const MAX_TAIL_BYTES = MAX_LINE_BYTES

/** So often a file may get another name between two looks at it. */
const MAX_RENAMES = 5

export class GrownFile {
  readonly #handle: FileHandle
  readonly ino: string
  #head: Uint8Array
  #buffer: LineBuffer
  #position: number

  private constructor(handle: FileHandle, ino: string, offset: number, head: Uint8Array) {
    this.#handle = handle
    this.ino = ino
    this.#head = head
    this.#position = offset
    this.#buffer = new LineBuffer(offset)
  }

  /** Null when there is none. */
  static async open(path: string, offset = 0): Promise<GrownFile | null> {
    const handle = await openOrNull(path)
    if (handle === null) return null
    try {
      const { ino } = await handle.stat({ bigint: true })
      return new GrownFile(handle, String(ino), offset, await readAt(handle, 0, Math.min(offset, HEAD_BYTES)))
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** Bytes behind its last whole line. */
  get rest(): number {
    return this.#buffer.rest
  }

  size(): Promise<number> {
    return this.#handle.stat().then(({ size }) => size)
  }

  mark(offset = this.#buffer.offset): FileMark {
    const head = this.#head.subarray(0, offset)
    return [this.ino, offset, head.byteLength, hashOf(head)]
  }

  /** That of a place to which it was not read. */
  async markAt(offset: number): Promise<FileMark> {
    const head = await readAt(this.#handle, 0, Math.min(offset, HEAD_BYTES))
    return [this.ino, offset, head.byteLength, hashOf(head)]
  }

  /** Whether it still begins as it did, and is no shorter than it was. */
  async isIntact(): Promise<boolean> {
    if ((await this.size()) < this.#position) return false
    return Buffer.compare(await readAt(this.#handle, 0, this.#head.byteLength), this.#head) === 0
  }

  /** Whole lines of its next piece; null at its end. */
  async read(): Promise<{ text: string; end: number }[] | null> {
    const bytes = await readAt(this.#handle, this.#position, PIECE_BYTES)
    if (bytes.byteLength === 0) return null
    if (this.#position < HEAD_BYTES) {
      this.#head = Buffer.concat([this.#head.subarray(0, this.#position), bytes]).subarray(0, HEAD_BYTES)
    }
    this.#position += bytes.byteLength
    return this.#buffer.push(bytes)
  }

  /** Its last line, which has no line break. */
  end(): { text: string; end: number }[] {
    return this.#buffer.end()
  }

  /** Where its last line begins, when it has no line break yet; else its end. */
  async lastLineAt(): Promise<number> {
    const size = await this.size()
    const from = Math.max(0, size - MAX_TAIL_BYTES)
    const at = (await readAt(this.#handle, from, size - from)).lastIndexOf(0x0a)
    if (at !== -1) return from + at + 1
    return from === 0 ? 0 : size
  }

  close(): Promise<void> {
    return this.#handle.close()
  }

  /** Whether this is the file of the mark, with nothing of what was read changed. */
  static async matches(path: string, [, offset, headBytes, head]: FileMark): Promise<boolean> {
    const handle = await openOrNull(path)
    if (handle === null) return false
    try {
      if ((await handle.stat()).size < offset) return false
      return hashOf(await readAt(handle, 0, headBytes)) === head
    } finally {
      await handle.close()
    }
  }
}

/** Null when there is none. */
export async function inoOf(path: string): Promise<{ ino: string; size: number } | null> {
  const found = await lookAt(path)
  return found === null ? null : { ino: String(found.ino), size: Number(found.size) }
}

/** Null when there is none. */
async function lookAt(path: string): Promise<BigIntStats | null> {
  try {
    return await stat(path, { bigint: true })
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}

/** The file of a mark under another name of the same folder: where a rotation put it. Null when it is not there. */
export async function findRotated(path: string, mark: FileMark): Promise<string | null> {
  const folder = dirname(path)
  for (const name of (await readdir(folder)).toSorted(compareNames)) {
    const other = join(folder, name)
    if (other === path || (await inoOf(other))?.ino !== mark[0]) continue
    if (await GrownFile.matches(other, mark)) return other
  }
  return null
}

/**
 * Opens what came after the file of a mark, which was rotated away: the file that is there now, or one that was rotated away as well
 * before somebody looked. Of the files whose names differ from the rotated one's in digits only (`x.log.1` and `x.log.2`), that is the
 * first that was last written after it. Null when there is nothing there at this moment.
 */
export async function openNext(path: string, mark: FileMark): Promise<{ file: GrownFile; name: string } | null> {
  for (let tries = 0; tries < MAX_RENAMES; tries++) {
    // Opened before the others are looked at: it may be rotated away as well at any time.
    const current = await GrownFile.open(path)
    if (current === null) return null
    const next = await findNextRotated(path, mark, current.ino).catch(async error => {
      await current.close()
      throw error
    })
    if (next === null) return { file: current, name: basename(path) }
    await current.close()
    const file = await GrownFile.open(next.path)
    if (file?.ino === next.ino) return { file, name: basename(next.path) }
    await file?.close()
  }
  return null
}

async function findNextRotated(
  path: string,
  mark: FileMark,
  current: string,
): Promise<{ path: string; ino: string } | null> {
  const before = await findRotated(path, mark)
  const writtenNs = before === null ? undefined : (await lookAt(before))?.mtimeNs
  if (before === null || writtenNs === undefined) return null
  let next: { path: string; ino: string; mtimeNs: bigint } | null = null
  for (const name of await readdir(dirname(path))) {
    const other = join(dirname(path), name)
    if (other === path || withoutDigits(other) !== withoutDigits(before)) continue
    const found = await lookAt(other)
    if (!found?.isFile() || String(found.ino) === current || found.mtimeNs <= writtenNs) continue
    if (next !== null && found.mtimeNs >= next.mtimeNs) continue
    next = { path: other, ino: String(found.ino), mtimeNs: found.mtimeNs }
  }
  return next
}

function withoutDigits(path: string): string {
  return path.replaceAll(/\d+/g, '0')
}

/** Neither waits at a pipe nor fails at what is not there. */
async function openOrNull(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const buffer = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32)
}
