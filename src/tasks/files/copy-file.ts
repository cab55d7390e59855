/**
 * Copies one file so that it is there whole or not at all: another name, to disk, read again and compared, then renamed. Mode and times
 * go with it.
 */
import { createHash } from 'node:crypto'
import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { LightflowError } from '../../core/errors.ts'
import { errnoOf } from './file-errors.ts'
import { lstatOrNull, syncFolder } from './file-system.ts'
import { keptMode } from './kept-mode.ts'
import type { PartFiles } from './part-files.ts'
import { folderOf, type Path, shown } from './paths.ts'
import { publish, type PublishTools } from './publish.ts'

/** What happens to a file that has the name already: `refuse` lets only one with the same bytes stand. */
export type OnExisting = 'replace' | 'refuse'

export interface CopyTools extends Pick<PublishTools, 'makeLink'> {
  task: string
  parts: PartFiles
  existing: OnExisting
  /** Throws when the attempt must not go on; called between pieces. */
  checkGoesOn: () => void
}

/** Memory of one copy; between two pieces it is looked whether the attempt goes on. */
const PIECE_BYTES = 1024 * 1024
const READ_NO_LINK = constants.O_RDONLY | constants.O_NOFOLLOW
/** Times are written as floating-point seconds, which keep this much. */
const TIME_PRECISION_NS = 2000n

/**
 * `source` is a file, not a link. A target of the same size, time and bytes is left: an earlier attempt made it. Resolves with what the
 * source was.
 */
export async function copyFile(source: Path, target: Path, tools: CopyTools): Promise<BigIntStats> {
  const input = await open(source, READ_NO_LINK)
  try {
    const before = await input.stat({ bigint: true })
    const there = await lstatOrNull(target)
    if (there !== null && (await isMade(source, before, target, there, tools))) return before
    const part = tools.parts.nameFor(target)
    try {
      await writePart(input, part, before, tools)
      await checkUnchanged(tools.task, source, input, before)
      if (!(await publish(part, target, tools))) {
        await checkSame(source, before, target, tools)
        await rm(part, { force: true })
      }
    } catch (error) {
      await rm(part, { force: true }).catch(() => {})
      throw error
    }
    await syncFolder(folderOf(target))
    return before
  } finally {
    await input.close()
  }
}

/** Of what appeared under its name meanwhile. */
async function checkSame(source: Path, before: BigIntStats, target: Path, tools: CopyTools): Promise<void> {
  const there = await lstatOrNull(target)
  if (there === null || !(await isMade(source, before, target, there, tools))) {
    throw exists(tools.task, target, 'another file')
  }
}

async function isMade(
  source: Path,
  before: BigIntStats,
  target: Path,
  there: BigIntStats,
  tools: CopyTools,
): Promise<boolean> {
  const { task, existing } = tools
  checkOther(task, [source, before], [target, there])
  if (there.isDirectory()) throw exists(task, target, 'a folder')
  const mayBe = there.isFile() && there.size === before.size
  // Equal times alone prove nothing: the system's clock for files stands still for milliseconds.
  const isLikely = existing === 'refuse' || isNear(there.mtimeNs, before.mtimeNs)
  if (mayBe && isLikely && (await haveSameBytes([source, target], tools))) return true
  if (existing === 'replace') return false
  throw exists(task, target, 'another file')
}

async function writePart(input: FileHandle, part: Path, before: BigIntStats, tools: CopyTools): Promise<void> {
  await rm(part, { force: true })
  const output = await open(part, 'wx+', 0o600)
  try {
    const hash = createHash('sha256')
    for await (const piece of piecesOf(input, tools)) {
      hash.update(piece)
      await writeAll(output, piece)
    }
    const copied = hash.digest('hex')
    await output.sync()
    if ((await hashOf(output, tools)) !== copied) throw notVerified(tools.task, part)
    await setMode(output, before)
    await output.utimes(secondsOf(before.atimeNs), secondsOf(before.mtimeNs))
    await output.sync()
  } finally {
    await output.close()
  }
}

/** Some network shares know no modes: a file that was just made belongs to its maker, so nothing else can forbid it. */
async function setMode(output: FileHandle, source: BigIntStats): Promise<void> {
  try {
    await output.chmod(keptMode(source, await output.stat({ bigint: true })))
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'EINVAL'].includes(errnoOf(error) ?? '')) throw error
  }
}

async function* piecesOf(handle: FileHandle, { checkGoesOn }: CopyTools): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(PIECE_BYTES)
  for (let position = 0; ;) {
    checkGoesOn()
    const { bytesRead } = await handle.read(buffer, 0, PIECE_BYTES, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

async function writeAll(handle: FileHandle, piece: Uint8Array): Promise<void> {
  for (let from = 0; from < piece.byteLength;) from += (await handle.write(piece, from)).bytesWritten
}

async function hashOf(handle: FileHandle, tools: CopyTools): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of piecesOf(handle, tools)) hash.update(piece)
  return hash.digest('hex')
}

/** Whether two files, which are no links, have the same bytes. */
export async function haveSameBytes(paths: readonly [Path, Path], tools: CopyTools): Promise<boolean> {
  const [a, b] = [await hashOfPath(paths[0], tools), await hashOfPath(paths[1], tools)]
  return a === b
}

async function hashOfPath(path: Path, tools: CopyTools): Promise<string> {
  const handle = await open(path, READ_NO_LINK)
  try {
    return await hashOf(handle, tools)
  } finally {
    await handle.close()
  }
}

async function checkUnchanged(task: string, source: Path, input: FileHandle, before: BigIntStats): Promise<void> {
  const after = await input.stat({ bigint: true })
  if (after.size !== before.size || after.mtimeNs !== before.mtimeNs) throw changed(task, source)
}

export function changed(task: string, source: Path): LightflowError {
  return new LightflowError('LF_FILE_CHANGED', `"${shown(source)}" changed while the task "${task}" copied it.`, {
    hint: 'Somebody is still writing it. Wait until the file is complete, or give the task retries.',
  })
}

export function exists(task: string, target: Path, what: string): LightflowError {
  return new LightflowError(
    'LF_FILE_EXISTS',
    `The task "${task}" found ${what} where it would write: "${shown(target)}".`,
    {
      hint: "Remove it or choose another destination. Files are replaced with existing: 'replace'.",
    },
  )
}

export type Found = readonly [path: Path, stats: BigIntStats]

/** One file under two names is left alone: whoever removes the one name may remove the only one, as seen through two mounts. */
export function checkOther(task: string, [source, a]: Found, [target, b]: Found): void {
  if (a.dev !== b.dev || a.ino !== b.ino) return
  throw new LightflowError(
    'LF_FILE_ONTO_ITSELF',
    `The task "${task}" would put "${shown(source)}" onto itself: "${shown(target)}".`,
    {
      hint: 'Source and destination are the same; choose another destination.',
    },
  )
}

function notVerified(task: string, part: Path): LightflowError {
  return new LightflowError(
    'LF_FILE_VERIFY',
    `The task "${task}" read back other bytes than it wrote ("${shown(part)}").`,
    {
      hint: 'The disk, the network or the memory of this peer is failing. The source was left as it is.',
    },
  )
}

function isNear(a: bigint, b: bigint): boolean {
  return (a > b ? a - b : b - a) <= TIME_PRECISION_NS
}

/** As Node sets times. */
export function secondsOf(ns: bigint): number {
  return Number(ns / 1000n) / 1e6
}
