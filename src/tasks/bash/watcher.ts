/**
 * A small shell beside each command, in a session of its own, that ends the command's whole session when the peer dies,
 * also by SIGKILL: its standard input is a pipe from the peer, and the system closes it with the peer. It makes the named pipes for
 * the command's output as well; Node's own are sockets, in which `echo … > /dev/stderr` fails.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Readable, Writable } from 'node:stream'
import { LightflowError } from '../../core/errors.ts'

/** Closes its standard error when all is ready. The group's number is that of its session too; `pkill` is there on most systems. */
const SCRIPT =
  'mkfifo -m 600 "$@" && exec 2>&- && read -r group && { read -r end; pkill -KILL -s "$group"; kill -s KILL -- "-$group"; }'

type WatcherProcess = ChildProcessByStdio<Writable, null, Readable>

export class Watcher {
  readonly #process: WatcherProcess
  readonly #gone: Promise<unknown>

  private constructor(child: WatcherProcess, gone: Promise<unknown>) {
    this.#process = child
    this.#gone = gone
  }

  /** Resolves when it watches and the named pipes are there. Throws `LF_BASH_START`. */
  static async start(pipes: readonly string[]): Promise<Watcher> {
    const child = spawn('/bin/sh', ['-c', SCRIPT, 'lf-watcher', ...pipes], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    // Writing to one that has gone is no error: who asks for it here looks whether it is there.
    child.stdin.on('error', () => {})
    const gone = once(child, 'close').catch(() => {})
    const failed = once(child, 'error').then(([error]: Error[]) => error?.message ?? 'no /bin/sh')
    const complaint = await Promise.race([failed, text(child.stderr)])
    if (complaint === '' && child.exitCode === null) return new Watcher(child, gone)
    throw notStarted(complaint)
  }

  /** Resolves when it knows which process group dies with the peer. */
  async guard(group: number): Promise<void> {
    await new Promise<void>(resolve => void this.#process.stdin.write(`${group}\n`, () => resolve()))
  }

  /** The command has ended; so does this. */
  async end(): Promise<void> {
    this.#process.kill('SIGKILL')
    this.#process.stdin.destroy()
    await this.#gone
    // Node lets go of what it closes at the end of its turn: a thread with open things left is not used again.
    await nextTurn()
    await nextTurn()
  }
}

function notStarted(complaint: string): LightflowError {
  return new LightflowError('LF_BASH_START', `The command could not be started: ${complaint.trim()}`, {
    hint: 'Often the machine has no processes or disk left, or /bin/sh or mkfifo is missing there.',
  })
}
