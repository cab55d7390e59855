/** How long commands take that do little, beside a Node.js that does nothing at all: wall time and CPU, in turns. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { start } from './definitions.ts'
import type { BenchRun } from './harness/bench.ts'
import { spread } from './harness/figures.ts'
import type { Values } from './harness/options.ts'
import type { Report } from './harness/report.ts'

const LF = fileURLToPath(new URL('../../bin/lf.js', import.meta.url))
const WORKFLOWS = fileURLToPath(new URL('../../examples', import.meta.url))
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  'node -e 0': ['-e', '0'],
  'lf --version': [LF, '--version'],
  'lf --help': [LF, '--help'],
  'lf workflow start --help': [LF, 'workflow', 'start', '--help'],
  'lf mesh status': [LF, 'mesh', 'status'],
  'lf workflow list': [LF, 'workflow', 'list'],
  'lf workflow start': [LF, 'workflow', 'start', 'simple'],
}

interface Cost {
  wallMs: number
  cpuMs: number
}

export async function playStart({ rounds }: Values<typeof start.options>, run: BenchRun): Promise<Report> {
  const home = await mkdtemp(join(tmpdir(), 'lightflow-start-'))
  const commands = Object.entries(COMMANDS)
  const seen = new Map<string, Cost[]>(commands.map(([name]) => [name, []]))
  run.progress('making a ledger')
  await measure(COMMANDS['lf workflow start'] ?? [], home)
  // The first round fills the caches.
  for (let round = 0; round <= rounds; round++) {
    for (const [index, [name, args]] of commands.entries()) {
      run.progress(name, { done: round * commands.length + index, all: (rounds + 1) * commands.length })
      const cost = await measure(args, home)
      if (round > 0) seen.get(name)?.push(cost)
    }
  }
  const rows = Array.from(seen, ([name, costs]) => [
    name,
    spread(costs.map(({ wallMs }) => wallMs)),
    spread(costs.map(({ cpuMs }) => cpuMs)),
  ])
  return {
    tables: [{ head: ['command', 'wall ms', 'CPU ms'], rows }],
    remarks: [`Median (smallest to largest) of ${rounds} rounds.`],
    figures: Object.fromEntries(seen),
  }
}

async function measure(args: readonly string[], home: string): Promise<Cost> {
  const startedMs = performance.now()
  // Of children Node.js tells no CPU time; the shell does.
  const shell = spawn('sh', ['-c', '"$@" >/dev/null; ended=$?; times; exit $ended', 'sh', process.execPath, ...args], {
    env: { ...process.env, LF_HOME: home, LF_LEDGER: '', LF_WORKFLOWS: WORKFLOWS },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [times, errors] = ['', '']
  shell.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  shell.stdout.setEncoding('utf8').on('data', (text: string) => (times += text))
  const [status] = (await once(shell, 'close')) as [number | null]
  const wallMs = performance.now() - startedMs
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${errors.trim()}`)
  return { wallMs, cpuMs: childrenMs(times) }
}

/** The second line of `times`: user and system time of the children, as `0m0.123456s`. */
function childrenMs(times: string): number {
  const [, children = ''] = times.trim().split('\n')
  return Array.from(children.matchAll(/(\d+)m([\d.]+)s/g)).reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000,
    0,
  )
}
