/** Where figures come from: without it nobody can compare them. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { ROOT } from '../../run-steps.ts'

export interface MachineFacts {
  cpu: string
  cores: number
  memoryGb: number
  kernel: string
  node: string
  /** Version, and the commit when this is a checkout, with a + when files differ from it. */
  lightflow: string
  /** Of the folder for temporary files, in which ledgers are made. */
  fileSystem: string
  /** One-minute averages. */
  loadBefore: number
  loadAfter: number | null
  startedAt: string
}

export function machineFacts(folder: string): MachineFacts {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Number((totalmem() / 2 ** 30).toFixed(1)),
    kernel: `${type()} ${release()}`,
    node: process.version,
    lightflow: version(),
    fileSystem: fileSystemOf(folder, readOr('/proc/self/mountinfo', '')),
    loadBefore: load(),
    loadAfter: null,
    startedAt: new Date().toISOString(),
  }
}

export function load(): number {
  return Number((loadavg()[0] ?? 0).toFixed(1))
}

export function describeMachine(facts: MachineFacts): string {
  const { cpu, cores, memoryGb, kernel, node, lightflow, fileSystem, loadBefore, loadAfter } = facts
  const loads = loadAfter === null ? `load ${loadBefore}` : `load ${loadBefore} before, ${loadAfter} after`
  return `${cores} cores (${cpu}), ${memoryGb} GB, ${kernel}, Node.js ${node}, Lightflow ${lightflow}; ledgers on ${fileSystem}; ${loads}.`
}

/** Null on a machine that has nothing else to do. */
export function warnOfLoad({ cores, loadBefore }: Pick<MachineFacts, 'cores' | 'loadBefore'>): string | null {
  if (loadBefore <= cores / 2) return null
  return `This machine is busy already (load ${loadBefore} on ${cores} cores): times will be longer than they should be.`
}

/** `ext4 (/dev/vda1)`, of the mount that holds the folder. `mounts`: as in `/proc/self/mountinfo`; of others nothing is known. */
export function fileSystemOf(folder: string, mounts: string): string {
  let best = { point: '', what: 'an unknown file system' }
  for (const line of mounts.split('\n')) {
    const [before = '', after = ''] = line.split(' - ')
    // The system writes blanks and the like as \040.
    const point = before
      .split(' ')[4]
      ?.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCodePoint(parseInt(octal, 8)))
    const [kind, device] = after.split(' ')
    if (point === undefined || kind === undefined || device === undefined) continue
    const isWithin = folder === point || folder.startsWith(point.endsWith('/') ? point : `${point}/`)
    // Of two on the same folder the later one hides the other.
    if (isWithin && point.length >= best.point.length)
      best = { point, what: kind === device ? kind : `${kind} (${device})` }
  }
  return best.what
}

function version(): string {
  const { version } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as { version: string }
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', ['-C', ROOT, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    const isChanged = git('status', '--porcelain', '--untracked-files=no') !== ''
    return `${version} (${git('rev-parse', '--short', 'HEAD')}${isChanged ? '+' : ''})`
  } catch {
    return version
  }
}

function readOr(file: string, other: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return other
  }
}
