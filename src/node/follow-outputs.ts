/** What tasks write, while they write it: the kept output files of a run are looked at again and again, each from where it was left. */
import { open, type FileHandle } from 'node:fs/promises'
import type { Clock } from '../core/clock.ts'
import type { LogLine } from './client-api.ts'
import { lineOf, listOutputs, type OutputFile } from './output-files.ts'

const POLL_MS = 250
/** Read from one file at once; a longer line is kept whole. */
const CHUNK_BYTES = 256 * 1024
const NEWLINE = 0x0a

export interface FollowOptions {
  run: string
  task?: string | undefined
  signal: AbortSignal
  /** Nothing is written any more: what is there now is all. */
  isOver: () => Promise<boolean>
}

/** Ends after the last line when `isOver`, or when `signal` aborts. Half a line is not told before its end has come. */
export async function* followOutputs(
  folder: string,
  clock: Pick<Clock, 'sleep'>,
  { run, task, signal, isOver }: FollowOptions,
): AsyncGenerator<LogLine> {
  const offsets = new Map<string, number>()
  let over = false
  for (;;) {
    // Asked before the reading, and once more after it was true: a task's last lines come to the disk a moment after its end was recorded.
    const last = over
    over = await isOver()
    for (const file of await listOutputs(folder, run, task)) {
      for (;;) {
        if (signal.aborted) return
        const { lines, offset } = await readOn(file, offsets.get(file.path) ?? 0)
        offsets.set(file.path, offset)
        yield* lines
        if (lines.length === 0) break
      }
    }
    if (last || signal.aborted) return
    await clock.sleep(POLL_MS, signal)
  }
}

/** Whole lines from `offset` on, and where the next ones begin. */
async function readOn({ path, place }: OutputFile, offset: number): Promise<{ lines: LogLine[]; offset: number }> {
  const handle = await open(path)
  try {
    for (let size = CHUNK_BYTES; ; size *= 2) {
      const bytes = await readAt(handle, offset, size)
      const end = bytes.lastIndexOf(NEWLINE) + 1
      // A line longer than the chunk: look at more of it at once.
      if (end === 0 && bytes.length === size) continue
      const texts =
        end === 0
          ? []
          : bytes
              .subarray(0, end - 1)
              .toString('utf8')
              .split('\n')
      return { lines: texts.map(text => lineOf(text, place)), offset: offset + end }
    }
  } finally {
    await handle.close()
  }
}

async function readAt(handle: FileHandle, offset: number, size: number): Promise<Buffer> {
  const buffer = Buffer.alloc(size)
  const { bytesRead } = await handle.read(buffer, 0, size, offset)
  return buffer.subarray(0, bytesRead)
}
