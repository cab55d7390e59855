import { execFileSync } from 'node:child_process'

/** For scripts: a signal ends this process and everything that it has started, also what is only about to become ready. */
export function endWithChildren(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))
  process.once('exit', endChildren)
}

/** All that this process has started and that has not ended. */
export function endChildren(): void {
  for (const pid of children()) endNow(pid)
}

function children(): number[] {
  try {
    const pids = execFileSync('ps', ['-o', 'pid=', '--ppid', String(process.pid)], { encoding: 'utf8' })
    return pids.split('\n').flatMap(line => (line.trim() === '' ? [] : [Number(line)]))
  } catch {
    return []
  }
}

function endNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended: `ps` itself is among them.
  }
}
