/**
 * Runs one of the benches by its name, with its own options: `npm run bench` lists them, `npm run bench NAME -- --help` tells what one can be
 * asked for. What is asked for wrongly ends with exit code 2 before anything is started.
 */
import { realpathSync } from 'node:fs'
import { open, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { surfaceOf } from '../cli/terminal.ts'
import { didYouMean } from '../src/workflow/did-you-mean.ts'
import { BENCHES } from './bench/benches.ts'
import type { Asked, Bench } from './bench/harness/bench.ts'
import { helpOf, listOf } from './bench/harness/help.ts'
import { LeaveNothing } from './bench/harness/leave-nothing.ts'
import { describeMachine, load, machineFacts, warnOfLoad } from './bench/harness/machine.ts'
import { APART } from './bench/harness/play-apart.ts'
import { Progress } from './bench/harness/progress.ts'
import { keptText, markdownOf, terminalOf } from './bench/harness/report.ts'

const WRONG_USAGE = 2
const surface = surfaceOf(process.stdout, process.env, { now: Date.now() })
const [name = '', ...argv] = process.argv.slice(2)
const bench = BENCHES.find(each => each.name === name)

if (['', '-h', '--help', 'help'].includes(name)) console.log(listOf(BENCHES, surface.columns))
else if (bench === undefined) {
  refuse(
    `There is no bench "${name}". ${didYouMean(
      name,
      BENCHES.map(each => each.name),
    )}`,
    '',
  )
} else await answer(bench)

async function answer(bench: Bench): Promise<void> {
  const asked = bench.ask(argv, process.env)
  if (asked.kind === 'help') console.log(helpOf(bench, surface.columns))
  else if (asked.kind === 'wrong') refuse(asked.message, bench.name)
  else await play(bench, asked)
}

function refuse(message: string, name: string): void {
  console.error(
    `${message}\n\`npm run bench ${name === '' ? '' : `${name} -- `}--help\` tells more.`.replace(
      'bench --help',
      'bench',
    ),
  )
  process.exitCode = WRONG_USAGE
}

/** Before anything is measured: a report that cannot be kept would be lost at the end. */
async function isWritable(file: string): Promise<boolean> {
  try {
    await (await open(file, 'a')).close()
    return true
  } catch (error) {
    refuse(`--json: ${file} cannot be written (${(error as NodeJS.ErrnoException).code}).`, name)
    return false
  }
}

async function play({ name }: Bench, { options, output, play }: Extract<Asked, { kind: 'play' }>): Promise<void> {
  if (output.json !== '' && !(await isWritable(output.json))) return
  const machine = machineFacts(realpathSync(tmpdir()))
  const progress = new Progress(process.stderr, () => performance.now())
  const leave = LeaveNothing.begin(signal => progress.say(`${signal}: ending what was started.`))
  const tell = (told: Parameters<typeof markdownOf>[0]): void => {
    progress.clear()
    const isPlain = output.markdown || !process.stdout.isTTY
    console.log(`${isPlain ? markdownOf(told) : terminalOf(told, surface)}\n`)
  }
  const warning = process.env[APART] === undefined ? warnOfLoad(machine) : null
  if (warning !== null) progress.say(warning)
  try {
    const report = await play({
      progress: (what, part) => progress.show(`${name}: ${what}`, part),
      say: line => progress.say(line),
      section: (heading, section) => tell({ heading, ...section }),
      atEnd: undo => leave.atEnd(undo),
    })
    machine.loadAfter = load()
    tell({ ...report, remarks: [...(report.remarks ?? []), describeMachine(machine)] })
    if (output.json !== '') await writeFile(output.json, keptText({ bench: name, options, machine, report }))
    if (report.isWrong === true) process.exitCode = 1
  } catch (error) {
    // What was broken off fails for that.
    if (leave.isBrokenOff) return
    progress.say(`${name} came to no end: ${String((error as Error).stack ?? error)}`)
    process.exitCode = 1
  }
  await leave.undo()
  // What is still at work belongs to nobody: the report is out.
  process.exit()
}
