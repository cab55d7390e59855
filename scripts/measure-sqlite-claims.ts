/**
 * How an SQLite ledger does under many processes that all want to write at once: rates, waits, fairness, and whether every task was done
 * exactly once.
 *
 *   npm run measure:sqlite -- [--processes 8] [--seconds 60] [--capacity 8] [--beat-ms 1000] [--folder DIR] [--json]
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/core/clock.ts'
import { systemRandom } from '../src/core/random.ts'
import type { ClaimingPeer } from '../src/lease/decide-claims.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { openSqliteLedger } from '../src/ledger/sqlite/sqlite-ledger.ts'
import { Feeder, RUN } from './measure-sqlite-feeder.ts'
import type { Assignment, Measured } from './measure-sqlite-messages.ts'
import { describeSummary, summarize } from './measure-sqlite-report.ts'

const { values } = parseArgs({
  options: {
    processes: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '60' },
    capacity: { type: 'string', default: '8' },
    'beat-ms': { type: 'string', default: '1000' },
    folder: { type: 'string', default: tmpdir() },
    json: { type: 'boolean', default: false },
  },
})

const PEER = fileURLToPath(new URL('./measure-sqlite-peer.ts', import.meta.url))
const FSYNC_TRIES = 200
const processes = Number(values.processes)
const seconds = Number(values.seconds)

const folder = mkdtempSync(join(values.folder, 'lightflow-measure-'))
const path = join(folder, 'ledger.sqlite')
const children: ChildProcess[] = []
try {
  await measure()
} finally {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}

async function measure(): Promise<void> {
  const fsyncMs = medianFsyncMs()
  const ledger = await openSqliteLedger({ path, clock: systemClock, random: systemRandom, create: true })
  const feeder = await Feeder.start(ledger)
  const loadBefore = oneMinuteLoad()
  const measured = await runPeers(feeder)
  const loadAfter = oneMinuteLoad()
  const proof = await compareWithLedger(ledger, measured)
  await ledger.close()
  const summary = summarize(measured, seconds)
  const file = checkFile()
  const report = { processes, seconds, fsyncMs, loadBefore, loadAfter, ...summary, ...proof, ...file }
  if (values.json) console.log(JSON.stringify(report, null, 2))
  else console.log(describe(report).join('\n'))
  const wrong = [proof.doneTwice, proof.notDone, Object.keys(summary.errors).length, summary.refused]
  process.exitCode = file.integrity === 'ok' && wrong.every(count => count === 0) ? 0 : 1
}

type Report = Awaited<ReturnType<typeof compareWithLedger>> &
  ReturnType<typeof checkFile> &
  ReturnType<typeof summarize> & { fsyncMs: number; loadBefore: number; loadAfter: number }

function describe(report: Report): string[] {
  const { fsyncMs, loadBefore, loadAfter, tasks, doneTwice, notDone, integrity, fileMiB } = report
  return [
    `${processes} processes, ${seconds} s; fsync ${fsyncMs.toFixed(2)} ms; load ${loadBefore.toFixed(1)} before, ${loadAfter.toFixed(1)} after`,
    ...describeSummary(report),
    '',
    `${tasks} tasks completed: ${doneTwice} more than once, ${notDone} not done in the ledger; integrity ${integrity}; file ${fileMiB.toFixed(0)} MiB`,
  ]
}

// --- the processes ----------------------------------------------------------------------------------------------------------------

async function runPeers(feeder: Feeder): Promise<Measured[]> {
  const names = Array.from({ length: processes }, (_, index) => `p${index + 1}`)
  for (const name of names) children.push(fork(PEER, [path, name, values.capacity], { serialization: 'advanced' }))
  await Promise.all(children.map(message))
  const over = new AbortController()
  const feeding = feeder.feed(over.signal)
  try {
    const beatMs = Number(values['beat-ms'])
    const answers = children.map((child, index) => {
      const others = names.filter((_, other) => other !== index).map(claiming)
      child.send({ seconds, beatMs, others } satisfies Assignment)
      return message(child)
    })
    return (await Promise.all(answers)) as Measured[]
  } finally {
    over.abort()
    await feeding
  }
}

function claiming(session: string): ClaimingPeer {
  return { session, peer: `peer-of-${session}`, queues: ['task'], freeCapacity: Number(values.capacity) }
}

/** The next thing that it says; throws when it ends instead. */
async function message(child: ChildProcess): Promise<unknown> {
  const settled = new AbortController()
  const { signal } = settled
  try {
    const ended = once(child, 'exit', { signal }).then(([code]) => {
      throw new Error(`a process ended too early, with ${String(code)}`)
    })
    const said = once(child, 'message', { signal })
    for (const one of [ended, said]) one.catch(() => {})
    const [first] = (await Promise.race([said, ended])) as [unknown]
    return first
  } finally {
    settled.abort()
  }
}

// --- what is true afterwards ------------------------------------------------------------------------------------------------------

/** What the processes were told against what the ledger says: every acknowledged completion must be there, once. */
async function compareWithLedger(
  ledger: Ledger,
  measured: readonly Measured[],
): Promise<{ tasks: number; doneTwice: number; notDone: number }> {
  const completed = measured.flatMap(({ completed }) => completed)
  const distinct = new Set(completed)
  const doneOnce = new Set<string>()
  for (const { name } of await ledger.dags(RUN)) {
    for (const { id, state, attempts, epoch } of await ledger.tasks(RUN, name))
      if (state === 'done' && attempts === 1 && epoch === 1) doneOnce.add(id)
  }
  const notDone = [...distinct].filter(id => !doneOnce.has(id)).length
  return { tasks: completed.length, doneTwice: completed.length - distinct.size, notDone }
}

function checkFile(): { integrity: string; fileMiB: number } {
  const file = new DatabaseSync(path)
  const answers = file.prepare('PRAGMA integrity_check').all()
  file.close()
  const integrity = answers.map(row => String(Object.values(row)[0])).join('; ')
  return { integrity, fileMiB: statSync(path).size / 2 ** 20 }
}

function medianFsyncMs(): number {
  const handle = openSync(join(folder, 'fsync'), 'w')
  const times = Array.from({ length: FSYNC_TRIES }, (_, index) => {
    writeSync(handle, Buffer.alloc(4096, index), 0, 4096, 0)
    const startedAt = performance.now()
    fsyncSync(handle)
    return performance.now() - startedAt
  })
  closeSync(handle)
  return times.sort((a, b) => a - b)[FSYNC_TRIES / 2] ?? 0
}

function oneMinuteLoad(): number {
  return loadavg()[0] ?? 0
}
