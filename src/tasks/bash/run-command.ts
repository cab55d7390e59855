/**
 * Runs one command to its end: starts it, takes in both of its outputs at once, ends it when it must end, and leaves nothing of it
 * behind. What its lines mean is not decided here.
 */
import { closeSync, openSync } from 'node:fs'
import { chown, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BashParameters } from './bash-options.ts'
import { CaptureFile, type CapturedOutput } from './captured-output.ts'
import { type CommandExit, LAST_LINES } from './command-failed.ts'
import { OutputDrain } from './drain-output.ts'
import type { Ids } from './find-ids.ts'
import { outlast } from './outlast.ts'
import { OutputPipe } from './output-pipe.ts'
import { ProcessGroup } from './process-group.ts'
import { Watcher } from './watcher.ts'

export type OutputName = 'stdout' | 'stderr'

const OUTPUTS: readonly OutputName[] = ['stdout', 'stderr']

export interface CommandRequest extends Pick<BashParameters, 'cwd' | 'stdin' | 'shell' | 'graceMs'> {
  task: string
  env: Record<string, string>
  ids: Ids
  /** Outputs that are kept in files. */
  captured: readonly OutputName[]
  /** The attempt's own folder. */
  scratch: string
  /** Asked for last, when all else is ready. */
  command: () => Promise<string>
  onProcess: (pid: number) => unknown
  /** The output waits for what it returns. */
  onLine: (output: OutputName, line: string) => unknown
  /** Gets every line, also those that come when the command is being ended. */
  log: (output: OutputName, line: string) => void
  /** The attempt is over: the command is ended within a second, whatever its grace. */
  abort: AbortSignal
  /** Its DAG is being stopped: the command is ended within its grace. */
  isStopped: () => boolean
}

export interface CommandEnd extends CommandExit {
  /** It was ended because its DAG is being stopped. */
  wasStopped: boolean
  stdout: CapturedOutput | null
  stderr: CapturedOutput | null
  /** The end of the standard error. */
  lastLines: readonly string[]
}

/** Between two looks whether the DAG is being stopped. */
const STOP_LOOK_EVERY_MS = 100
/** From SIGTERM to SIGKILL when the attempt is over: others may be waiting for what it holds. */
const ABORT_GRACE_MS = 1000

/** Rejects with what a callback threw, once the command is gone; with `LF_BASH_START` when it does not start. */
export async function runCommand(request: CommandRequest): Promise<CommandEnd> {
  const folder = await mkdtemp(join(request.scratch, 'bash-'))
  const paths = OUTPUTS.map(output => join(folder, `${output}.pipe`))
  const watcher = await Watcher.start(paths)
  try {
    if (request.stdin !== null) await writeFile(join(folder, 'stdin'), request.stdin)
    const { uid, gid } = request.ids
    // Without it the command could not open its own /dev/stderr.
    const own = request.stdin === null ? paths : [...paths, join(folder, 'stdin')]
    if (uid !== undefined) await Promise.all(own.map(path => chown(path, uid, gid ?? -1).catch(() => {})))
    return await new RunningCommand(request, folder).run(watcher)
  } finally {
    await watcher.end()
  }
}

class RunningCommand {
  readonly #request: CommandRequest
  readonly #folder: string
  readonly #lastLines: string[] = []
  #group: ProcessGroup | null = null
  #killTimer: NodeJS.Timeout | null = null
  #failure: { error: unknown } | null = null
  #wasStopped = false

  constructor(request: CommandRequest, folder: string) {
    this.#request = request
    this.#folder = folder
  }

  async run(watcher: Watcher): Promise<CommandEnd> {
    const { abort } = this.#request
    const pipes = OUTPUTS.map(output => new OutputPipe(join(this.#folder, `${output}.pipe`)))
    const captures: (CaptureFile | null)[] = []
    try {
      for (const output of OUTPUTS) captures.push(await this.#capture(output))
      this.#group = await this.#start(pipes, watcher)
      const exit = await this.#follow(this.#group, pipes, captures)
      if (this.#failure !== null) throw this.#failure.error
      abort.throwIfAborted()
      const [stdout = null, stderr = null] = await closeAll(captures)
      return { ...exit, wasStopped: this.#wasStopped, stdout, stderr, lastLines: this.#lastLines }
    } finally {
      for (const pipe of pipes) pipe.close()
      await closeAll(captures)
    }
  }

  async #capture(output: OutputName): Promise<CaptureFile | null> {
    return this.#request.captured.includes(output) ? CaptureFile.create(join(this.#folder, output)) : null
  }

  async #start(pipes: readonly OutputPipe[], watcher: Watcher): Promise<ProcessGroup> {
    const { task, shell, cwd, env, ids, stdin } = this.#request
    const command = await this.#request.command()
    const input = stdin === null ? null : openSync(join(this.#folder, 'stdin'), 'r')
    try {
      const [stdout, stderr] = pipes.map(({ writeEnd }) => writeEnd) as [number, number]
      const request = { task, shell, command, cwd, env, ids, stdin: input ?? ('ignore' as const), stdout, stderr }
      return await ProcessGroup.start(request, watcher)
    } finally {
      if (input !== null) closeSync(input)
      for (const pipe of pipes) pipe.handOver()
    }
  }

  async #follow(
    group: ProcessGroup,
    pipes: readonly OutputPipe[],
    captures: readonly (CaptureFile | null)[],
  ): Promise<CommandExit> {
    const { abort } = this.#request
    const onAbort = (): void => this.#end(ABORT_GRACE_MS)
    abort.addEventListener('abort', onAbort, { once: true })
    if (abort.aborted) onAbort()
    const stopLook = setInterval(() => this.#lookForStop(), STOP_LOOK_EVERY_MS)
    try {
      const told = this.#guarded(() => this.#request.onProcess(group.pid))
      const drains = OUTPUTS.map((output, index) => this.#drain(output, pipes[index], captures[index]))
      const exit = await group.exited
      clearInterval(stopLook)
      await outlast(drains, group)
      await told
      return exit
    } finally {
      clearInterval(stopLook)
      abort.removeEventListener('abort', onAbort)
      if (this.#killTimer !== null) clearTimeout(this.#killTimer)
      group.signal('SIGKILL')
    }
  }

  #drain(output: OutputName, pipe: OutputPipe | undefined, capture: CaptureFile | null | undefined): OutputDrain {
    if (pipe === undefined) throw new Error(`there is no pipe for ${output}`)
    return new OutputDrain({
      stream: pipe.stream,
      capture: capture ?? null,
      onLine: line => this.#line(output, line),
      onFailure: error => this.#fail(error),
    })
  }

  #line(output: OutputName, line: string): void | Promise<void> {
    this.#request.log(output, line)
    if (output === 'stderr' && this.#lastLines.push(line) > LAST_LINES) this.#lastLines.shift()
    if (this.#failure === null) return this.#guarded(() => this.#request.onLine(output, line))
  }

  /** What a callback throws ends the command. Nothing to wait for when it returns no promise: there may be millions of lines. */
  #guarded(callback: () => unknown): void | Promise<void> {
    try {
      const pending = callback()
      if (pending instanceof Promise) return this.#settled(pending)
    } catch (error) {
      this.#fail(error)
    }
  }

  async #settled(pending: Promise<unknown>): Promise<void> {
    try {
      await pending
    } catch (error) {
      this.#fail(error)
    }
  }

  /** The first reason counts. */
  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#end(this.#request.graceMs)
  }

  #lookForStop(): void {
    if (this.#wasStopped || !this.#request.isStopped()) return
    this.#wasStopped = true
    this.#end(this.#request.graceMs)
  }

  /** Asks the whole group to end, and makes it end when it does not. A later call may only shorten the grace. */
  #end(graceMs: number): void {
    this.#group?.signal('SIGTERM')
    const timer = setTimeout(() => this.#group?.signal('SIGKILL'), graceMs)
    if (this.#killTimer !== null) clearTimeout(this.#killTimer)
    this.#killTimer = timer
  }
}

async function closeAll(captures: readonly (CaptureFile | null)[]): Promise<(CapturedOutput | null)[]> {
  return Promise.all(captures.map(async capture => (capture === null ? null : capture.close())))
}
