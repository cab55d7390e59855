/**
 * The programs that a thread has started. Ending a thread does not end them, and a thread that waits for one (`spawnSync`) cannot
 * even be ended before it. Linux tells which thread is a program's parent; elsewhere nothing is known, and nothing is done.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Called in a thread: its number for the system, null where that is not known. */
export function ownSystemThread(): number | null {
  try {
    const [, , systemThread] = readlinkSync('/proc/thread-self').split('/')
    return systemThread === undefined ? null : Number(systemThread)
  } catch {
    return null
  }
}

/** Ends the programs of another thread of this process at once, with all that they have started themselves. */
export function killChildrenOf(systemThread: number | null): void {
  if (systemThread === null) return
  // All are found before the first is ended: what loses its parent is not found any more, and may hold the pipe that is waited for.
  for (const pid of descendantsOf(childrenOf('self', systemThread))) {
    // A group first: its leader may be gone already when we come to it.
    kill(-pid)
    kill(pid)
  }
}

/** A task that starts more programs than this at once ends the rest by itself, or they are found at the next look. */
const MAX_PROGRAMS = 10_000

function descendantsOf(pids: readonly number[]): number[] {
  const found = [...pids]
  for (let index = 0; index < found.length && found.length < MAX_PROGRAMS; index++) {
    const pid = found[index]
    if (pid !== undefined) found.push(...threadsOf(pid).flatMap(thread => childrenOf(pid, thread)))
  }
  return found
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number)
  } catch {
    return []
  }
}

function childrenOf(pid: number | 'self', thread: number): number[] {
  try {
    const pids = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim()
    return pids === '' ? [] : pids.split(' ').map(Number)
  } catch {
    return []
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself, or leads no group.
  }
}
