/**
 * What a step costs: tasks that do nothing, in chains, fans, in bulk and in a random DAG, on real peers. With `--rivals`, BullMQ, Celery and
 * Dask take part as far as they are installed; what is missing is said, with how to install it.
 */
import type { Contestant } from './contestant.ts'
import type { tasks } from './definitions.ts'
import type { BenchRun } from './harness/bench.ts'
import { median, spread } from './harness/figures.ts'
import { load } from './harness/machine.ts'
import type { Values } from './harness/options.ts'
import type { Report } from './harness/report.ts'
import { startLightflow, startLocal, startOnMongo } from './lightflow-contestant.ts'
import { rivals } from './rivals/rivals.ts'
import { type Scenario, scenarios, setBulkTasks } from './scenarios.ts'
import { inTurns, type Turn } from './turns.ts'

type Asked = Values<typeof tasks.options>

interface Measured {
  contestant: string
  scenario: Scenario['name']
  ms: number[]
  /** One-minute average after each. */
  loads: number[]
}

export async function playTasks(asked: Asked, run: BenchRun): Promise<Report> {
  setBulkTasks(asked['bulk-tasks'])
  const contestants: Contestant[] = []
  run.atEnd(async () => void (await Promise.allSettled(contestants.map(each => each.stop()))))
  const missing = await startAll(contestants, asked, run)
  const played = scenarios(asked['bulk-tasks']).filter(({ name }) => asked.scenarios.includes(name))
  const turns = inTurns(contestants, played, { rounds: asked.rounds, warmUp: asked['warm-up'] })
  const measured: Measured[] = []
  for (const [index, turn] of turns.entries()) {
    const { contestant, scenario, round } = turn
    const which = round < 1 ? 'warm-up' : `round ${round} of ${asked.rounds}`
    run.progress(`${scenario.name}, ${which}, ${contestant.name}`, { done: index, all: turns.length })
    await play(turn, measured)
  }
  const remarks = await Promise.all(contestants.map(async each => (await each.remarks?.()) ?? []))
  return {
    tables: [tableOf(contestants, played, measured)],
    remarks: [
      `Milliseconds from the submission until the submitter knows that all is done: median (smallest to largest) of ${asked.rounds} rounds after ${asked['warm-up']} tasks that warmed up, and for each task.`,
      ...remarks.flat(),
      ...missing,
      describeLoads(measured),
    ],
    figures: measured,
  }
}

/** Says what is left out. */
async function startAll(contestants: Contestant[], asked: Asked, run: BenchRun): Promise<string[]> {
  const started = async (what: string, start: () => Promise<Contestant>): Promise<void> => {
    run.progress(`starting ${what}`)
    contestants.push(await start())
  }
  if (asked.ledgers.includes('memory')) await started('runLocal', startLocal)
  for (const peers of asked.peers) {
    if (asked.ledgers.includes('sqlite')) await started(`${peers} on SQLite`, () => startLightflow(peers))
    if (asked.ledgers.includes('mongodb')) {
      await started(`${peers} on MongoDB`, () => startOnMongo(peers, asked.mongodb))
    }
  }
  const missing: string[] = []
  for (const start of asked.rivals ? rivals(asked['rivals-dir']) : []) {
    run.progress('starting the rivals')
    const rival = await start()
    if ('contestant' in rival) contestants.push(rival.contestant)
    else missing.push(`Left out, not installed: ${rival.missing}`)
  }
  for (const line of missing) run.say(line)
  return missing
}

async function play({ contestant, scenario, round }: Turn, measured: Measured[]): Promise<void> {
  const ms = await contestant.play(scenario, { isWarmUp: round < 1 })
  if (round < 1) return
  let seen = measuredOf(measured, contestant, scenario)
  if (seen === undefined)
    measured.push((seen = { contestant: contestant.name, scenario: scenario.name, ms: [], loads: [] }))
  seen.ms.push(ms)
  seen.loads.push(load())
}

function measuredOf(measured: readonly Measured[], { name }: Contestant, scenario: Scenario): Measured | undefined {
  return measured.find(each => each.contestant === name && each.scenario === scenario.name)
}

function tableOf(
  contestants: readonly Contestant[],
  played: readonly Scenario[],
  measured: readonly Measured[],
): Report['tables'][number] {
  const cell = (contestant: Contestant, scenario: Scenario): string => {
    const ms = measuredOf(measured, contestant, scenario)?.ms ?? []
    const middle = median(ms)
    return middle === undefined ? '-' : `${spread(ms)}, ${(middle / scenario.tasks).toFixed(2)} each`
  }
  return {
    head: ['', ...played.map(({ name, what }) => `${name}: ${what}`)],
    rows: contestants.map(contestant => [contestant.name, ...played.map(scenario => cell(contestant, scenario))]),
  }
}

function describeLoads(measured: readonly Measured[]): string {
  const loads = measured.flatMap(each => each.loads)
  return `Load while they played ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}.`
}
