/** How an SQLite ledger does under many processes that all want to write at once: rates, waits, fairness, and whether every task was done once. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../src/core/clock.ts'
import { systemRandom } from '../../src/core/random.ts'
import type { ClaimingPeer } from '../../src/lease/decide-claims.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openSqliteLedger } from '../../src/ledger/sqlite/sqlite-ledger.ts'
import type { sqlite } from './definitions.ts'
import type { BenchRun } from './harness/bench.ts'
import type { Values } from './harness/options.ts'
import type { Report } from './harness/report.ts'
import { Feeder, RUN } from './sqlite/feeder.ts'
import type { Assignment, Measured } from './sqlite/messages.ts'
import { summarize, tablesOf } from './sqlite/summary.ts'

type Asked = Values<typeof sqlite.options>

const PEER = fileURLToPath(new URL('sqlite/claiming-process.ts', import.meta.url))
const FSYNC_TRIES = 200

export async function playSqlite(asked: Asked, run: BenchRun): Promise<Report> {
  const folder = mkdtempSync(join(asked.folder === '' ? tmpdir() : asked.folder, 'lightflow-measure-'))
  run.atEnd(async () => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }))
  const path = join(folder, 'ledger.sqlite')
  const fsyncMs = medianFsyncMs(folder)
  const ledger = await openSqliteLedger({ path, clock: systemClock, random: systemRandom, create: true })
  run.progress(`${asked.processes} processes, ${asked.seconds} s`)
  const measured = await runPeers(await Feeder.start(ledger), path, asked, run)
  run.progress('comparing with the ledger')
  const proof = await compareWithLedger(ledger, measured)
  await ledger.close()
  const summary = summarize(measured, asked.seconds)
  const file = checkFile(path)
  const { doneTwice, notDone } = proof
  return {
    tables: tablesOf(summary),
    remarks: [
      `${asked.processes} processes, ${asked.seconds} s; fsync ${fsyncMs.toFixed(2)} ms.`,
      `${proof.tasks} tasks completed: ${doneTwice} more than once, ${notDone} not done in the ledger; integrity ${file.integrity}; file ${file.fileMiB.toFixed(0)} MiB.`,
    ],
    figures: { fsyncMs, ...summary, ...proof, ...file },
    isWrong: file.integrity !== 'ok' || doneTwice + notDone + summary.refused + Object.keys(summary.errors).length > 0,
  }
}

// --- the processes ----------------------------------------------------------------------------------------------------------------

async function runPeers(
  feeder: Feeder,
  path: string,
  { processes, capacity, seconds, 'beat-ms': beatMs }: Asked,
  run: BenchRun,
): Promise<Measured[]> {
  const names = Array.from({ length: processes }, (_, index) => `p${index + 1}`)
  const children = names.map(name => fork(PEER, [path, name, String(capacity)], { serialization: 'advanced' }))
  run.atEnd(async () => children.forEach(child => child.kill('SIGKILL')))
  await Promise.all(children.map(message))
  const over = new AbortController()
  const feeding = feeder.feed(over.signal)
  try {
    const answers = children.map((child, index) => {
      const others = names.filter((_, other) => other !== index).map(name => claiming(name, capacity))
      child.send({ seconds, beatMs, others } satisfies Assignment)
      return message(child)
    })
    return (await Promise.all(answers)) as Measured[]
  } finally {
    over.abort()
    await feeding
  }
}

function claiming(session: string, freeCapacity: number): ClaimingPeer {
  return { session, peer: `peer-of-${session}`, queues: ['task'], freeCapacity }
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

function checkFile(path: string): { integrity: string; fileMiB: number } {
  const file = new DatabaseSync(path)
  const answers = file.prepare('PRAGMA integrity_check').all()
  file.close()
  const integrity = answers.map(row => String(Object.values(row)[0])).join('; ')
  return { integrity, fileMiB: statSync(path).size / 2 ** 20 }
}

function medianFsyncMs(folder: string): number {
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
