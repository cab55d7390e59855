/**
 * What a step costs: tasks that do nothing, in chains, fans, in bulk and in a random DAG, on real peers.
 *
 *   npm run bench tasks -- [--rounds 5] [--peers 1,2,4] [--ledgers memory,sqlite,mongodb] [--scenarios chain,alternate,fan,bulk,mixed]
 *                          [--mongodb URI] [--rivals] [--rivals-dir FOLDER] [--json FILE]
 *
 * With --rivals, BullMQ, Celery and Dask take part as far as they are installed; what is missing is said, with how to install it. BullMQ
 * is looked for in --rivals-dir (or LF_BENCH_RIVALS), a folder made with `npm install --prefix FOLDER bullmq ioredis`. All take turns,
 * round by round, so that what the machine does besides hits all of them; the first round only warms up and is not counted.
 */
import { writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { endWithChildren } from '../test/support/end-with-children.ts'
import type { Contestant } from './bench/contestant.ts'
import { startLightflow, startLocal, startOnMongo } from './bench/lightflow-contestant.ts'
import { rivals } from './bench/rivals/rivals.ts'
import { SCENARIOS, type Scenario } from './bench/scenarios.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    peers: { type: 'string', default: '1,2' },
    ledgers: { type: 'string', default: 'sqlite' },
    mongodb: { type: 'string', default: process.env['LF_TEST_MONGODB_URI'] ?? '' },
    scenarios: { type: 'string', default: SCENARIOS.map(({ name }) => name).join(',') },
    rivals: { type: 'boolean', default: false },
    'rivals-dir': { type: 'string', default: process.env['LF_BENCH_RIVALS'] ?? '' },
    json: { type: 'string' },
  },
})

interface Measured {
  contestant: string
  scenario: Scenario['name']
  ms: number[]
}

const scenarios = SCENARIOS.filter(({ name }) => values.scenarios.split(',').includes(name))
const rounds = Number(values.rounds)
const measured: Measured[] = []
const loads: number[] = []
const contestants: Contestant[] = []
const remarks: string[] = []
endWithChildren()
try {
  await startAll()
  for (let round = 0; round <= rounds; round++) {
    for (const scenario of scenarios) for (const contestant of contestants) await play(contestant, scenario, round)
    loads.push(loadavg()[0] ?? 0)
    process.stderr.write(`${round === 0 ? 'warm' : `round ${round} of ${rounds}`}, load ${loads.at(-1)?.toFixed(1)}\n`)
  }
  for (const contestant of contestants) remarks.push(...((await contestant.remarks?.()) ?? []))
} finally {
  for (const contestant of contestants) await contestant.stop()
}
console.log(report())
if (values.json !== undefined)
  await writeFile(values.json, `${JSON.stringify({ machine: machine(), measured, remarks }, null, 2)}\n`)

async function startAll(): Promise<void> {
  const ledgers = values.ledgers.split(',')
  if (ledgers.includes('memory')) contestants.push(await startLocal())
  const counts = values.peers.split(',').map(Number)
  if (ledgers.includes('sqlite')) for (const peers of counts) contestants.push(await startLightflow(peers))
  if (ledgers.includes('mongodb'))
    for (const peers of counts) contestants.push(await startOnMongo(peers, values.mongodb))
  if (!values.rivals) return
  for (const start of rivals(values['rivals-dir'])) {
    const rival = await start()
    if ('contestant' in rival) contestants.push(rival.contestant)
    else console.error(`left out, not installed. ${rival.missing}`)
  }
}

async function play(contestant: Contestant, scenario: Scenario, round: number): Promise<void> {
  if (contestant.lacks?.includes(scenario.name) === true) return
  const ms = await contestant.play(scenario, { isWarmUp: round === 0 })
  if (round === 0) return
  const seen = measuredOf(contestant.name, scenario.name)
  if (seen === undefined) measured.push({ contestant: contestant.name, scenario: scenario.name, ms: [ms] })
  else seen.ms.push(ms)
}

function measuredOf(contestant: string, scenario: Scenario['name']): Measured | undefined {
  return measured.find(each => each.contestant === contestant && each.scenario === scenario)
}

function machine(): string {
  const load = `load ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}`
  return `${availableParallelism()} cores (${cpus()[0]?.model.trim()}), Node ${process.version}, ${load}, ${rounds} rounds`
}

function report(): string {
  const head = ['', ...scenarios.map(({ name, what }) => `${name}: ${what}`)]
  const rows = contestants.map(({ name }) => [name, ...scenarios.map(scenario => cell(name, scenario))])
  const lines = [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`)
  return [...lines, '', ...remarks, `Median (smallest to largest) in milliseconds; ${machine()}.`].join('\n')
}

function cell(contestant: string, { name, tasks }: Scenario): string {
  const sorted = measuredOf(contestant, name)?.ms.toSorted((a, b) => a - b) ?? []
  const median = sorted[Math.floor(sorted.length / 2)]
  if (median === undefined) return '-'
  const spread = `(${sorted[0]?.toFixed(0)} to ${sorted.at(-1)?.toFixed(0)})`
  return `${median.toFixed(0)} ${spread}, ${(median / tasks).toFixed(2)} each`
}
