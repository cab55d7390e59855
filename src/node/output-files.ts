/**
 * What tasks write to stdout and stderr, kept per attempt: `outputs/<run>/<dag>/<task>.<epoch>.log`, one line each, led by `o ` or
 * `e `. Lines are written in bunches; a line is on disk at the latest when its attempt has ended.
 */
import { createReadStream } from 'node:fs'
import { appendFile, mkdir, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Log } from '../core/log.ts'
import type { LogLine } from './client-api.ts'

/** Beyond it the rest of an attempt's output is dropped, with a word. */
const MAX_OUTPUT_BYTES_PER_ATTEMPT = 64 * 1024 * 1024

interface Attempt {
  run: string
  dag: string
  task: string
  epoch: number
}

interface Open {
  lines: string[]
  bytes: number
  writing: Promise<void> | null
}

export class OutputFiles {
  readonly #folder: string
  readonly #log: Log
  readonly #open = new Map<string, Open>()

  constructor(folder: string, log: Log) {
    this.#folder = folder
    this.#log = log
  }

  write(attempt: Attempt, stream: 'stdout' | 'stderr', line: string): void {
    const file = fileOf(this.#folder, attempt)
    const open = this.#open.get(file) ?? { lines: [], bytes: 0, writing: null }
    this.#open.set(file, open)
    if (open.bytes > MAX_OUTPUT_BYTES_PER_ATTEMPT) return
    open.bytes += line.length + 3
    const full = open.bytes > MAX_OUTPUT_BYTES_PER_ATTEMPT
    open.lines.push(
      full ? 'e (more output than is kept: the rest was dropped)' : `${stream === 'stdout' ? 'o' : 'e'} ${line}`,
    )
    open.writing ??= this.#write(file, open)
  }

  /** Whether any attempt has printed something: most print nothing. */
  get areOpen(): boolean {
    return this.#open.size > 0
  }

  /** Resolves when all lines of the attempt are on disk. */
  async close(attempt: Attempt): Promise<void> {
    const file = fileOf(this.#folder, attempt)
    await this.#open.get(file)?.writing
    this.#open.delete(file)
  }

  async #write(file: string, open: Open): Promise<void> {
    try {
      await mkdir(dirname(file), { recursive: true })
      while (open.lines.length > 0) await appendFile(file, `${open.lines.splice(0).join('\n')}\n`)
    } catch (error) {
      this.#log.warn("a task's output could not be kept", { file, error })
      open.lines.length = 0
    } finally {
      open.writing = null
    }
  }
}

/** All kept lines of a run, DAG by DAG, task by task, attempt by attempt; of one task when `task` is given. */
export async function* readOutputs(folder: string, run: string, task?: string): AsyncIterable<LogLine> {
  for (const { path, place } of await listOutputs(folder, run, task)) yield* readLines(path, place)
}

export interface OutputFile {
  path: string
  place: Pick<LogLine, 'dag' | 'task' | 'epoch'>
}

/** The files that are there now, in the order of {@link readOutputs}. */
export async function listOutputs(folder: string, run: string, task?: string): Promise<OutputFile[]> {
  const root = join(folder, encodeURIComponent(run))
  const files: OutputFile[] = []
  for (const dag of await listSorted(root)) {
    for (const file of await listSorted(join(root, dag))) {
      const match = /^(.*)\.(\d+)\.log$/.exec(file)
      if (match === null) continue
      const place = { dag: decodeURIComponent(dag), task: decodeURIComponent(match[1] ?? ''), epoch: Number(match[2]) }
      if (task === undefined || matchesTask(task, place)) files.push({ path: join(root, dag, file), place })
    }
  }
  return files
}

function matchesTask(wanted: string, { dag, task }: { dag: string; task: string }): boolean {
  return [task, `${dag}/${task}`, `${dag.replace(/:\d+$/, '')}/${task}`].includes(wanted)
}

async function* readLines(file: string, place: OutputFile['place']): AsyncIterable<LogLine> {
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })
  for await (const line of lines) yield lineOf(line, place)
}

/** A line as it is kept. */
export function lineOf(kept: string, place: OutputFile['place']): LogLine {
  return { ...place, stream: kept.startsWith('e ') ? 'stderr' : 'stdout', line: kept.slice(2) }
}

async function listSorted(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  } catch {
    return []
  }
}

function fileOf(folder: string, { run, dag, task, epoch }: Attempt): string {
  return join(folder, ...[run, dag].map(encodeURIComponent), `${encodeURIComponent(task)}.${epoch}.log`)
}
