/** One command in a session and process group of its own: started, signalled as a whole, and gone with the peer. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { hasCode, LightflowError } from '../../core/errors.ts'
import type { CommandExit } from './command-failed.ts'
import type { Ids } from './find-ids.ts'
import { sessionMembers } from './session-members.ts'
import type { Watcher } from './watcher.ts'

export interface GroupStart {
  task: string
  shell: string
  command: string
  cwd: string | null
  env: Record<string, string>
  ids: Ids
  /** File descriptors. */
  stdin: number | 'ignore'
  stdout: number
  stderr: number
}

/** The command waits until its watcher knows the group: no peer can die in between and leave it alone. */
const GATE = 'read -r lf_gate <&3 || exit 125; exec "$0" -c "$1" 3<&-'
const GATE_FD = 3

/** For processes that start others while they are being killed. */
const MAX_LOOKS = 10

export class ProcessGroup {
  readonly pid: number
  /** Resolves when the shell has ended; others of the group may still run. */
  readonly exited: Promise<CommandExit>

  private constructor(pid: number, exited: Promise<CommandExit>) {
    this.pid = pid
    this.exited = exited
  }

  /** Resolves when the command runs. Throws `LF_BASH_START`. */
  static async start(request: GroupStart, watcher: Watcher): Promise<ProcessGroup> {
    const child = await spawned(request)
    const pid = child.pid as number
    const gate = child.stdio[GATE_FD] as Duplex
    gate.on('error', () => {})
    const exited = new Promise<CommandExit>(resolve => {
      child.once('exit', (exitCode, exitSignal) => {
        gate.destroy()
        resolve({ exitCode, exitSignal })
      })
    })
    await watcher.guard(pid)
    gate.end('go\n')
    gate.resume()
    return new ProcessGroup(pid, exited)
  }

  /** To every process of the group and of its session; those that are gone do not mind. */
  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    kill(-this.pid, name)
    let members = sessionMembers(this.pid)
    // They may be starting others: what has been killed starts nothing more.
    for (let look = 1; members.length > 0; look++) {
      for (const pid of members) kill(pid, name)
      if (name === 'SIGTERM' || look === MAX_LOOKS) return
      members = sessionMembers(this.pid)
    }
  }
}

function kill(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name)
  } catch {
    // Nobody is left.
  }
}

async function spawned(request: GroupStart): Promise<ChildProcess> {
  const { shell, command, cwd, env, ids, stdin, stdout, stderr } = request
  try {
    const child = spawn('/bin/sh', ['-c', GATE, shell, command], {
      ...(cwd === null ? {} : { cwd }),
      env,
      ...ids,
      detached: true,
      stdio: [stdin, stdout, stderr, 'pipe'],
    })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    return child
  } catch (error) {
    throw notStarted(request, error)
  }
}

function notStarted({ task, cwd, ids }: GroupStart, cause: unknown): LightflowError {
  const { message } = cause as Error
  const hint = (): string => {
    if (hasCode(cause, 'EPERM')) {
      const who = [ids.uid === undefined ? '' : `user ${ids.uid}`, ids.gid === undefined ? '' : `group ${ids.gid}`]
      return `Only a peer that runs as root may run commands as ${who.filter(text => text !== '').join(' and ')}.`
    }
    if (hasCode(cause, 'ENOENT') && cwd !== null) return `Does the folder "${cwd}" exist on this peer?`
    if (hasCode(cause, 'EACCES') && cwd !== null) return `May its user enter the folder "${cwd}"?`
    if (hasCode(cause, 'E2BIG')) return 'The command or its environment is too long: hand large texts over as stdin.'
    return ''
  }
  return new LightflowError('LF_BASH_START', `The command of the task "${task}" could not be started: ${message}.`, {
    hint: hint(),
    cause,
  })
}
