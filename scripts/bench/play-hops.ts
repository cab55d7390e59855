/**
 * What a step costs a ledger alone, without peers and workers: time, and on MongoDB commands by purpose. A chain whose tasks are handed on one
 * to the next, and lanes that end 20 at a time before a join.
 */
import { mkdtemp } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/core/clock.ts'
import { systemRandom } from '../../src/core/random.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openMemoryLedger } from '../../src/ledger/memory/memory-ledger.ts'
import { openMongoLedger } from '../../src/ledger/mongo/mongo-ledger.ts'
import { openSqliteLedger } from '../../src/ledger/sqlite/sqlite-ledger.ts'
import { Bench, DONE, dagPlan, HandClock, id } from '../../test/ledger/contract/bench.ts'
import { temporaryDatabase } from '../../test/support/temporary-database.ts'
import { CommandCounts } from './command-counts.ts'
import type { hops } from './definitions.ts'
import type { BenchRun } from './harness/bench.ts'
import { spread } from './harness/figures.ts'
import type { Values } from './harness/options.ts'
import type { Report } from './harness/report.ts'
import { countCommands } from './sent-commands.ts'

type Asked = Values<typeof hops.options>
type LedgerName = Asked['ledgers'][number]

interface Measured {
  ledger: LedgerName
  what: (typeof SHAPES)[number]['what']
  msPerTask: number[]
  commands: CommandCounts
}

const TOGETHER = 20
const SESSION = 's'
const SHAPES = [
  { what: 'chain', planOf: chainOf, play: playChain },
  { what: 'lanes', planOf: lanesOf, play: playLanes },
] as const

export async function playHops(asked: Asked, run: BenchRun): Promise<Report> {
  const sent = countCommands()
  const names = Array.from({ length: asked.tasks }, (_, index) => `task-${index + 1}`)
  const benches: [LedgerName, Bench][] = []
  for (const name of asked.ledgers) {
    const ledger = await open(name, asked.mongodb, run)
    run.atEnd(() => ledger.close())
    const bench = new Bench(ledger, { clock: new HandClock(), random: systemRandom })
    await bench.session(SESSION, { host: hostname(), capacity: TOGETHER })
    benches.push([name, bench])
  }
  const measured = benches.flatMap(([ledger]) =>
    SHAPES.map(({ what }): Measured => ({ ledger, what, msPerTask: [], commands: new CommandCounts() })),
  )
  const all = (asked.rounds + 1) * benches.length * SHAPES.length
  let done = 0
  for (let round = 0; round <= asked.rounds; round++) {
    for (const { what, planOf, play } of SHAPES) {
      for (const [ledger, bench] of benches) {
        run.progress(`${what}, ${ledger}`, { done: done++, all })
        const name = `${what}-${round}`
        await bench.submit(name, [planOf(names)])
        const before = { ...sent }
        const fromMs = performance.now()
        await play(bench.ledger, name, names)
        if (round === 0) continue
        const of = measured.find(each => each.ledger === ledger && each.what === what)
        of?.msPerTask.push((performance.now() - fromMs) / asked.tasks)
        of?.commands.note(asked.tasks, before, sent)
      }
    }
  }
  return reportOf(asked, measured)
}

function reportOf({ ledgers, tasks, rounds }: Asked, measured: readonly Measured[]): Report {
  const cell = (ledger: LedgerName, what: Measured['what']): string =>
    spread(measured.find(each => each.ledger === ledger && each.what === what)?.msPerTask ?? [], 2)
  const rows = ledgers.map(ledger => [ledger, ...SHAPES.map(({ what }) => cell(ledger, what))])
  const commands = measured.filter(({ ledger }) => ledger === 'mongodb')
  return {
    tables: [{ head: ['ms per task', 'chain', `lanes, ${TOGETHER} at a time, before a join`], rows }],
    remarks: [
      `${tasks} tasks each, median (smallest to largest) of ${rounds}.`,
      ...commands.map(({ what, commands }) => `MongoDB, ${what}: ${commands.report()}`),
    ],
    figures: measured.map(({ commands, ...figures }) => ({ ...figures, commands: commands.counts })),
  }
}

async function open(name: LedgerName, mongodb: string, run: BenchRun): Promise<Ledger> {
  const parts = { clock: systemClock, random: systemRandom }
  if (name === 'memory') return openMemoryLedger(parts)
  if (name === 'sqlite') {
    const folder = await mkdtemp(join(tmpdir(), 'lightflow-hops-'))
    return openSqliteLedger({ path: join(folder, 'ledger.sqlite'), create: true, ...parts })
  }
  const database = temporaryDatabase(mongodb)
  run.atEnd(database.drop)
  return openMongoLedger({ uri: database.uri, create: true, ...parts })
}

function chainOf(names: readonly string[]): ReturnType<typeof dagPlan> {
  return dagPlan(
    'main',
    [...names],
    names.slice(1).map((name, index) => `${names[index]}>${name}`),
  )
}

function lanesOf(names: readonly string[]): ReturnType<typeof dagPlan> {
  return dagPlan(
    'main',
    [...names, 'join'],
    names.map(name => `${name}>join`),
  )
}

async function playChain(ledger: Ledger, run: string, names: readonly string[]): Promise<void> {
  let [held] = await ledger.claim(SESSION, [{ task: id(run, names[0] ?? ''), claimId: systemRandom.hex(16) }])
  while (held !== undefined) {
    const claimIds = [systemRandom.hex(16)]
    const wish = { session: SESSION, queues: ['task'], claimIds, choice: 'successors' } as const
    const { handedOn } = await ledger.complete(held.claim, DONE, wish)
    ;[held] = handedOn
  }
}

async function playLanes(ledger: Ledger, run: string, names: readonly string[]): Promise<void> {
  for (let done = 0; done < names.length;) {
    const { tasks: ready } = await ledger.peekReady(['task'], TOGETHER)
    const own = ready.filter(task => task.run === run)
    const requests = own.map(task => ({ task: task.id, claimId: systemRandom.hex(16) }))
    const won = await ledger.claim(SESSION, requests)
    if (won.length === 0) throw new Error(`${run}: nothing is ready after ${done} tasks`)
    await Promise.all(won.map(({ claim }) => ledger.complete(claim, DONE)))
    done += won.length
  }
}
