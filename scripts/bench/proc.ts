/** What the system knows of processes. Linux. */
import { readFile } from 'node:fs/promises'

/** `sysconf(_SC_CLK_TCK)` of every Linux that Node.js runs on. */
const TICKS_PER_S = 100

export async function cpuSOf(pids: readonly number[]): Promise<number> {
  const each = await Promise.all(pids.map(cpuSOfOne))
  return each.reduce((sum, cpuS) => sum + cpuS, 0)
}

async function cpuSOfOne(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // The name may hold anything, blanks too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S
}

/** The largest of these processes at its largest. */
export async function peakMbOf(pids: readonly number[]): Promise<number> {
  const peaks = pids.map(async pid => {
    return Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
  })
  return Math.max(...(await Promise.all(peaks)))
}

/** `pssMb`: pages that several processes share, such as those of Node.js itself, count in equal parts. */
export async function memoryOf(pid: number): Promise<{ rssMb: number; pssMb: number }> {
  const pages = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
  const megabytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(pages)?.[1]) / 1024
  return { rssMb: megabytes('Rss'), pssMb: megabytes('Pss') }
}
