/** Runs `bin/lf.js` as a process: for exit codes, signals and broken pipes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { ROOT } from './run-command.ts'

export const LF = join(ROOT, 'bin', 'lf.js')
export const FAKES = join(import.meta.dirname, 'fakes.ts')

export interface Running {
  child: ChildProcess
  stdout: () => string
  stderr: () => string
  /** Exit code, or the name of the signal that ended it. */
  ended: Promise<number | NodeJS.Signals>
}

export interface SpawnOptions {
  /** Modules to load before: a fake library, an old Node. */
  preload?: string[]
  env?: Record<string, string | undefined>
  lf?: string
}

const running = new Set<ChildProcess>()

/** For `afterEach`: a failed test must not leave a process behind. */
export function endAll(): void {
  // The whole group: on an old Node.js the command is a process of its own below the child.
  for (const { pid } of running) if (pid !== undefined) process.kill(-pid, 'SIGKILL')
}

export function spawnLf(args: string[], { preload = [], env = {}, lf = LF }: SpawnOptions = {}): Running {
  // Fakes stand behind the door of the sources.
  const fromSources = preload.includes(FAKES) || env['NODE_OPTIONS']?.includes(FAKES) ? { LF_BUNDLE: '0' } : {}
  const child = spawn(process.execPath, [...preload.flatMap(module => ['--import', module]), lf, ...args], {
    env: {
      ...process.env,
      NO_COLOR: '1',
      FORCE_COLOR: undefined,
      LF_LEDGER: undefined,
      LF_HOME: undefined,
      ...fromSources,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  running.add(child)
  child.once('close', () => running.delete(child))
  const texts = { stdout: '', stderr: '' }
  child.stdout.on('data', chunk => (texts.stdout += String(chunk)))
  child.stderr.on('data', chunk => (texts.stderr += String(chunk)))
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals)
  return { child, stdout: () => texts.stdout, stderr: () => texts.stderr, ended }
}

export async function lf(
  args: string[],
  options?: SpawnOptions,
): Promise<{ exit: number | string; stdout: string; stderr: string }> {
  const running = spawnLf(args, options)
  const exit = await running.ended
  return { exit, stdout: running.stdout(), stderr: running.stderr() }
}
