/**
 * How long commands take that do little, beside a Node.js that does nothing at all: wall time and CPU, in turns.
 *
 *   npm run bench start -- [--rounds 9]
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '9' } } })
const LF = fileURLToPath(new URL('../bin/lf.js', import.meta.url))
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  'node -e 0': ['-e', '0'],
  'lf --version': [LF, '--version'],
  'lf --help': [LF, '--help'],
  'lf workflow start --help': [LF, 'workflow', 'start', '--help'],
  'lf mesh status': [LF, 'mesh', 'status'],
  'lf workflow list': [LF, 'workflow', 'list'],
  'lf workflow start': [LF, 'workflow', 'start', 'simple'],
}
const home = mkdtempSync(join(tmpdir(), 'lightflow-start-'))
const WORKFLOWS = fileURLToPath(new URL('../examples', import.meta.url))
process.on('exit', () => rmSync(home, { recursive: true }))

const seen = new Map<string, { wallMs: number; cpuMs: number }[]>()
// The first round fills the caches.
for (let round = 0; round <= Number(values.rounds); round++) {
  for (const [name, args] of Object.entries(COMMANDS)) {
    const one = measure(args)
    if (round > 0) seen.set(name, [...(seen.get(name) ?? []), one])
  }
}
console.log('| command | wall ms | CPU ms |\n| --- | --- | --- |')
for (const [name, all] of seen) {
  console.log(`| ${name} | ${spread(all.map(one => one.wallMs))} | ${spread(all.map(one => one.cpuMs))} |`)
}
console.log(`\nMedian (smallest to largest) of ${values.rounds} rounds, load ${loadavg()[0]?.toFixed(1)}.`)

function measure(args: readonly string[]): { wallMs: number; cpuMs: number } {
  const startedMs = performance.now()
  // Of children Node.js tells no CPU time; the shell does.
  const { stdout, status } = spawnSync('sh', ['-c', '"$@" >/dev/null; times', 'sh', process.execPath, ...args], {
    encoding: 'utf8',
    env: { ...process.env, LF_HOME: home, LF_LEDGER: '', LF_WORKFLOWS: WORKFLOWS },
  })
  const wallMs = performance.now() - startedMs
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`)
  return { wallMs, cpuMs: childrenMs(stdout) }
}

/** The second line of `times`: user and system time of the children, as `0m0.123456s`. */
function childrenMs(times: string): number {
  const [, children = ''] = times.trim().split('\n')
  return Array.from(children.matchAll(/(\d+)m([\d.]+)s/g)).reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000,
    0,
  )
}

function spread(numbers: readonly number[]): string {
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (index: number): string => sorted[index]?.toFixed(0) ?? '?'
  return `${at(Math.floor(sorted.length / 2))} (${at(0)} to ${at(sorted.length - 1)})`
}
