/** A bench as a process of its own; what it tells while it runs goes to the terminal. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BenchRun } from './bench.ts'
import type { Report } from './report.ts'

/** Set in the process of such a bench. */
export const APART = 'LF_BENCH_APART'

const PROGRAM = fileURLToPath(new URL('../../bench.ts', import.meta.url))

export interface Apart {
  /** Words before the command: a program that becomes it. */
  through?: readonly string[]
  env?: NodeJS.ProcessEnv
}

/** `words`: what would be typed. Throws when it comes to no report. */
export async function playApart(
  words: readonly string[],
  run: BenchRun,
  { through = [], env = {} }: Apart = {},
): Promise<Report> {
  const file = join(await mkdtemp(join(tmpdir(), 'lightflow-apart-')), 'report.json')
  const command = [...through, process.execPath, PROGRAM, ...words, '--json', file]
  const child = spawn(command[0]!, command.slice(1), {
    env: { ...process.env, [APART]: '1', ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = once(child, 'exit') as Promise<[code: number | null]>
  run.atEnd(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    await ended
  })
  const [code] = await ended
  const text = await readFile(file, 'utf8').catch(() => '')
  if (text === '')
    throw new Error(`\`npm run bench ${words[0]} -- ${words.slice(1).join(' ')}\` ended with ${code} and no report`)
  return JSON.parse(text) as Report
}
