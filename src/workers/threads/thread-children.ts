/**
 * The programs that a thread has started. Ending a thread does not end them, and a thread that waits for one (`spawnSync`) cannot
 * even be ended before it. Linux tells which thread is a program's parent; elsewhere nothing is known, and nothing is done.
 */
import { readFileSync, readlinkSync } from 'node:fs'

/** Called in a thread: its number for the system, null where that is not known. */
export function ownSystemThread(): number | null {
  try {
    const [, , systemThread] = readlinkSync('/proc/thread-self').split('/')
    return systemThread === undefined ? null : Number(systemThread)
  } catch {
    return null
  }
}

/** Ends the programs of another thread of this process at once, with the process groups that they lead. */
export function killChildrenOf(systemThread: number | null): void {
  for (const pid of childrenOf(systemThread)) {
    // A group first: its leader may be gone already when we come to it.
    kill(-pid)
    kill(pid)
  }
}

function childrenOf(systemThread: number | null): number[] {
  if (systemThread === null) return []
  try {
    const pids = readFileSync(`/proc/self/task/${systemThread}/children`, 'utf8').trim()
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
