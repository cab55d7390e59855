/**
 * What a step costs a MongoDB ledger alone, without peers and workers: commands by purpose, and time.
 *
 *   npm run bench hops -- --mongodb 'mongodb://…/?replicaSet=…' [--tasks 200]
 *
 * A chain whose tasks are handed on one to the next, and lanes that end 20 at a time before a join. The first round of each only warms up.
 * The database is made for it and dropped afterwards.
 */
import { hostname, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { MongoClient } from 'mongodb'
import { systemClock } from '../src/core/clock.ts'
import { systemRandom } from '../src/core/random.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { openMongoLedger } from '../src/ledger/mongo/mongo-ledger.ts'
import { Bench, DONE, dagPlan, HandClock, id } from '../test/ledger/contract/bench.ts'
import { CommandCounts } from './bench/command-counts.ts'
import { countCommands } from './bench/sent-commands.ts'

const { values } = parseArgs({
  options: {
    mongodb: { type: 'string', default: process.env['LF_TEST_MONGODB_URI'] ?? '' },
    tasks: { type: 'string', default: '200' },
  },
})

const TOGETHER = 20
const SESSION = 's'
const tasks = Number(values.tasks)
const names = Array.from({ length: tasks }, (_, index) => `task-${index + 1}`)
const sent = countCommands()
const uri = values.mongodb.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/[^?]*)?/, `$1/bench_hops_${process.pid}`)
const ledger = await openMongoLedger({ uri, clock: systemClock, random: systemRandom, create: true })
try {
  const bench = new Bench(ledger, { clock: new HandClock(), random: systemRandom })
  await bench.session(SESSION, { host: hostname(), capacity: TOGETHER })
  const chain = dagPlan(
    'main',
    names,
    names.slice(1).map((name, index) => `${names[index]}>${name}`),
  )
  const lanes = dagPlan(
    'main',
    [...names, 'join'],
    names.map(name => `${name}>join`),
  )
  await measured(bench, 'chain', chain, playChain)
  await measured(bench, `lanes, ${TOGETHER} at a time, before a join`, lanes, playLanes)
  console.log(`${tasks} tasks each, load ${loadavg()[0]?.toFixed(1)}.`)
} finally {
  await ledger.close()
  const client = new MongoClient(uri)
  await client.db().dropDatabase()
  await client.close()
}

async function measured(
  bench: Bench,
  what: string,
  dag: ReturnType<typeof dagPlan>,
  play: (ledger: Ledger, run: string) => Promise<void>,
): Promise<void> {
  for (const run of ['warm', 'counted']) {
    const name = `${run}-${what.split(',')[0]}`
    await bench.submit(name, [dag])
    const counts = new CommandCounts()
    counts.tasks = tasks
    counts.add(sent, -1)
    const fromMs = performance.now()
    await play(ledger, name)
    const msEach = (performance.now() - fromMs) / tasks
    counts.add(sent)
    if (run === 'counted') console.log(`${what}: ${msEach.toFixed(2)} ms and ${counts.report()}`)
  }
}

async function playChain(ledger: Ledger, run: string): Promise<void> {
  let [held] = await ledger.claim(SESSION, [{ task: id(run, names[0] ?? ''), claimId: systemRandom.hex(16) }])
  while (held !== undefined) {
    const claimIds = [systemRandom.hex(16)]
    const wish = { session: SESSION, queues: ['task'], claimIds, choice: 'successors' } as const
    const { handedOn } = await ledger.complete(held.claim, DONE, wish)
    ;[held] = handedOn
  }
}

async function playLanes(ledger: Ledger, run: string): Promise<void> {
  for (let done = 0; done < tasks;) {
    const { tasks: ready } = await ledger.peekReady(['task'], TOGETHER)
    const own = ready.filter(task => task.run === run)
    const requests = own.map(task => ({ task: task.id, claimId: systemRandom.hex(16) }))
    const won = await ledger.claim(SESSION, requests)
    if (won.length === 0) throw new Error(`${run}: nothing is ready after ${done} tasks`)
    await Promise.all(won.map(({ claim }) => ledger.complete(claim, DONE)))
    done += won.length
  }
}
