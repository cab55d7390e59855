/**
 * Network namespaces of this test run: made, used and removed again, also when a test fails or the run is interrupted. Their names carry
 * the id of this process, so that a later run removes what one left that was killed. No other namespace is ever touched.
 */
import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'

const PREFIX = 'lfnet'
const COMMAND_WITHIN_MS = 20_000
const runFile = promisify(execFile)

export interface Namespace {
  /** As `ip netns` knows it. */
  readonly name: string
  /** `ip ARGS` inside. Throws what it wrote to stderr. */
  ip(...args: string[]): Promise<void>
  tc(...args: string[]): Promise<void>
  /** `bridge ARGS` inside. */
  bridge(...args: string[]): Promise<void>
  /** The words before a command that make it run inside, as the same process, on a machine of that name. */
  enter(host: string): [string, ...string[]]
}

export class Namespaces {
  readonly #names = new Set<string>()

  constructor() {
    process.on('exit', this.#atExit)
    for (const signal of ENDINGS) process.on(signal, this.#atSignal)
  }

  async add(label: string): Promise<Namespace> {
    await removeLeftOvers()
    const name = `${PREFIX}-${process.pid}-${label}`
    this.#names.add(name)
    await run('ip', 'netns', 'add', name)
    await run('ip', '-n', name, 'link', 'set', 'lo', 'up')
    return {
      name,
      ip: (...args) => run('ip', '-n', name, ...args),
      tc: (...args) => run('tc', '-n', name, ...args),
      bridge: (...args) => run('bridge', '-n', name, ...args),
      // A name of its own: peers of one host may prove each other's death by locks, peers of two hosts must not.
      enter: host => ['ip', 'netns', 'exec', name, 'unshare', '--uts', 'sh', '-c', 'hostname "$0" && exec "$@"', host],
    }
  }

  /** Ends the processes inside and removes all. Safe to call twice. */
  async removeAll(): Promise<void> {
    process.off('exit', this.#atExit)
    for (const signal of ENDINGS) process.off(signal, this.#atSignal)
    for (const name of this.#names) await remove(name)
    this.#names.clear()
  }

  #atExit = (): void => {
    for (const name of this.#names) removeNow(name)
    this.#names.clear()
  }

  /** Test runners end in order at the first SIGINT; the rest ends here. */
  #atSignal = (signal: NodeJS.Signals): void => {
    this.#atExit()
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
}

const ENDINGS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

async function run(command: string, ...args: string[]): Promise<void> {
  try {
    await runFile(command, args, { timeout: COMMAND_WITHIN_MS })
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string }
    throw new Error(`${command} ${args.join(' ')}: ${stderr.trim() || String(error)}`, { cause: error })
  }
}

async function remove(name: string): Promise<void> {
  endProcessesIn(name)
  await run('ip', 'netns', 'del', name).catch(error => {
    if (listNamespaces().includes(name)) throw error
  })
}

function removeNow(name: string): void {
  try {
    endProcessesIn(name)
    execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' })
  } catch {
    // The next run tries again.
  }
}

function endProcessesIn(name: string): void {
  let pids: string
  try {
    pids = execFileSync('ip', ['netns', 'pids', name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return
  }
  for (const pid of pids.split('\n').filter(line => line !== '')) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** Of runs that were killed. */
async function removeLeftOvers(): Promise<void> {
  for (const name of listNamespaces()) {
    const [prefix, pid] = name.split('-')
    if (prefix === PREFIX && !isAlive(Number(pid))) await remove(name)
  }
}

function listNamespaces(): string[] {
  const text = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  return text.split('\n').flatMap(line => line.split(' ', 1)[0] || [])
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
