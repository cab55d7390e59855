/** What large DAGs cost, in chains of ten tasks none of which does anything. */
import { once } from 'node:events'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { RealMesh } from '../../test/support/real-mesh.ts'
import { temporaryDatabase } from '../../test/support/temporary-database.ts'
import type { submit } from './definitions.ts'
import type { BenchRun } from './harness/bench.ts'
import { spread } from './harness/figures.ts'
import type { Values } from './harness/options.ts'
import type { Report } from './harness/report.ts'
import { cpuSOf, peakMbOf } from './proc.ts'

export interface Submitted {
  tasks: number
  /** From the call of the client until it has the run's id. */
  submittedMs: number
  /** The same until a task is claimed. */
  firstStartMs: number
  /** Of a peer that does nothing else, until the end of the run: from when a beat is due until the ledger has it. */
  latestBeatMs: number
  endedMs: number
  /** Of all peers while the run went on. */
  cpuMsPerTask: number
  /** Of the largest peer, since its start. */
  peakRssMb: number
}

const CAPACITY = 2
const POLL_MS = 5
const WARM_UP_TASKS = 1000
const MANY_TASKS = fileURLToPath(new URL('many-tasks.ts', import.meta.url))

export async function playSubmit(asked: Values<typeof submit.options>, run: BenchRun): Promise<Report> {
  const database = asked.ledger === '' ? undefined : temporaryDatabase(asked.ledger)
  if (database !== undefined) run.atEnd(database.drop)
  const names = Array.from({ length: asked.peers }, (_, index) => `peer-${index + 1}`)
  run.progress(`starting ${asked.peers} peers`)
  const mesh = await RealMesh.start(names, { capacity: CAPACITY, ...(database && { ledger: database.uri }) })
  run.atEnd(() => mesh.close())
  const files = await makeFiles([WARM_UP_TASKS, ...asked.tasks])
  const beater = await startBeater(mesh)
  const all: Submitted[] = []
  try {
    const play = (tasks: number) => playOne(mesh, tasks, files.get(tasks) ?? '', beater)
    // The first run loads what later ones find loaded.
    await play(WARM_UP_TASKS)
    for (let round = 0; round < asked.rounds; round++) {
      for (const [index, tasks] of asked.tasks.entries()) {
        const done = round * asked.tasks.length + index
        run.progress(`${tasks} tasks`, { done, all: asked.rounds * asked.tasks.length })
        all.push(await play(tasks))
      }
    }
  } finally {
    await beater.terminate()
  }
  const where = database === undefined ? 'SQLite on disk' : 'MongoDB'
  return {
    tables: [{ head: HEAD, rows: asked.tasks.map(tasks => rowOf(all.filter(each => each.tasks === tasks))) }],
    remarks: [
      `${asked.peers} peers with ${CAPACITY} places each, ${where}; a peak is that since the start of the peer.`,
    ],
    figures: all,
  }
}

/** Each of a DAG of so many tasks. */
async function makeFiles(sizes: readonly number[]): Promise<Map<number, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'lightflow-submit-'))
  const files = new Map<number, string>()
  for (const tasks of sizes) {
    const file = join(folder, `many-${tasks}.ts`)
    await writeFile(
      file,
      `import { manyTasks } from ${JSON.stringify(MANY_TASKS)}\n\nexport const many = manyTasks(${tasks})\n`,
    )
    files.set(tasks, file)
  }
  return files
}

/** Not here, where making a large plan keeps the event loop busy. */
async function startBeater(mesh: RealMesh): Promise<Worker> {
  const beater = new Worker(new URL('beat-thread.ts', import.meta.url), { workerData: { ledger: mesh.ledger } })
  await once(beater, 'message')
  return beater
}

async function playOne(mesh: RealMesh, tasks: number, file: string, beater: Worker): Promise<Submitted> {
  const pids = Array.from(mesh.peers.values(), ({ pid }) => pid)
  await latestBeat(beater)
  const cpuS = await cpuSOf(pids)
  const startedMs = performance.now()
  const { run } = await mesh.client.start(file)
  const submittedMs = performance.now() - startedMs
  // What holds a run up is not asked: that reads a thousand tasks each time.
  while (isIdle((await mesh.client.runs(1))[0]?.tasks ?? {})) await delay(POLL_MS)
  const firstStartMs = performance.now() - startedMs
  const { state } = await mesh.client.wait(run)
  const endedMs = performance.now() - startedMs
  if (state !== 'succeeded') throw new Error(`the run of ${tasks} tasks ended ${state}`)
  const cpuMsPerTask = (((await cpuSOf(pids)) - cpuS) * 1000) / tasks
  const [latestBeatMs, peakRssMb] = [await latestBeat(beater), await peakMbOf(pids)]
  return { tasks, submittedMs, firstStartMs, latestBeatMs, endedMs, cpuMsPerTask, peakRssMb }
}

async function latestBeat(beater: Worker): Promise<number> {
  const answer = once(beater, 'message')
  beater.postMessage(null, [])
  return Number((await answer)[0])
}

function isIdle({ claimed = 0, done = 0 }: { claimed?: number; done?: number }): boolean {
  return claimed + done === 0
}

const HEAD = [
  'tasks',
  'submitted ms',
  'first start ms',
  'latest beat ms',
  'all done ms',
  'ms per task',
  'peer CPU ms per task',
  'peak MB of a peer',
]

function rowOf(rounds: readonly Submitted[]): string[] {
  const of = (pick: (one: Submitted) => number, digits = 0): string => spread(rounds.map(pick), digits)
  return [
    String(rounds[0]?.tasks),
    of(({ submittedMs }) => submittedMs),
    of(({ firstStartMs }) => firstStartMs),
    of(({ latestBeatMs }) => latestBeatMs),
    of(({ endedMs }) => endedMs),
    of(({ tasks, submittedMs, endedMs }) => (endedMs - submittedMs) / tasks, 2),
    of(({ cpuMsPerTask }) => cpuMsPerTask, 2),
    of(({ peakRssMb }) => peakRssMb),
  ]
}
