/**
 * What large DAGs cost: of 1,000, 10,000 and 100,000 tasks, in chains of ten, none of which does anything. Two peers, SQLite on disk.
 *
 *   npm run bench submit -- [--peers 2] [--tasks 1000,10000,100000] [--json FILE]
 */
import { readFile, writeFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { setTimeout as delay } from 'node:timers/promises'
import { endWithChildren } from '../test/support/end-with-children.ts'
import { RealMesh } from '../test/support/real-mesh.ts'

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: '2' },
    tasks: { type: 'string', default: '1000,10000,100000' },
    json: { type: 'string' },
  },
})

interface Measured {
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
  peakRssMb: number
}

const CAPACITY = 2
/** `sysconf(_SC_CLK_TCK)` of every Linux that Node.js runs on. */
const TICKS_PER_S = 100
const POLL_MS = 5

endWithChildren()
const names = Array.from({ length: Number(values.peers) }, (_, index) => `peer-${index + 1}`)
const mesh = await RealMesh.start(names, { capacity: CAPACITY })
// Not here, where making a large plan keeps the event loop busy.
const beater = new Worker(new URL('./bench/beat-thread.ts', import.meta.url), {
  workerData: { path: mesh.ledger.slice('sqlite:'.length) },
})
await once(beater, 'message')
const all: Measured[] = []
try {
  // The first run loads what later ones find loaded.
  await play(1000)
  for (const tasks of values.tasks.split(',')) all.push(await play(Number(tasks)))
} finally {
  await beater.terminate()
  await mesh.close()
}
console.log(table(all))
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(all, null, 2)}\n`)

async function play(tasks: number): Promise<Measured> {
  const file = fileURLToPath(new URL(`./bench/workflows/many-${tasks}.ts`, import.meta.url))
  await latestBeat()
  const cpuS = await cpuOfPeers()
  const startedMs = performance.now()
  const { run } = await mesh.client.start(file)
  const submittedMs = performance.now() - startedMs
  // What holds a run up is not asked: that reads a thousand tasks each time.
  while (isIdle((await mesh.client.runs(1))[0]?.tasks ?? {})) await delay(POLL_MS)
  const firstStartMs = performance.now() - startedMs
  const { state } = await mesh.client.wait(run)
  const endedMs = performance.now() - startedMs
  if (state !== 'succeeded') throw new Error(`the run of ${tasks} tasks ended ${state}`)
  const cpuMsPerTask = (((await cpuOfPeers()) - cpuS) * 1000) / tasks
  const [latestBeatMs, peakRssMb] = [await latestBeat(), await peakOfPeers()]
  return { tasks, submittedMs, firstStartMs, latestBeatMs, endedMs, cpuMsPerTask, peakRssMb }
}

async function latestBeat(): Promise<number> {
  const answer = once(beater, 'message')
  beater.postMessage(null, [])
  return Number((await answer)[0])
}

function isIdle({ claimed = 0, done = 0 }: { claimed?: number; done?: number }): boolean {
  return claimed + done === 0
}

async function cpuOfPeers(): Promise<number> {
  let ticks = 0
  for (const { pid } of mesh.peers.values()) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks / TICKS_PER_S
}

async function peakOfPeers(): Promise<number> {
  const peaks = Array.from(mesh.peers.values(), async ({ pid }) => {
    return Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
  })
  return Math.max(...(await Promise.all(peaks)))
}

function table(rows: readonly Measured[]): string {
  const head = [
    'tasks',
    'submitted ms',
    'first start ms',
    'latest beat ms',
    'all done ms',
    'ms per task',
    'peer CPU ms per task',
    'peak MB of a peer',
  ]
  const lines = rows.map(({ tasks, submittedMs, firstStartMs, latestBeatMs, endedMs, cpuMsPerTask, peakRssMb }) => {
    const perTask = (endedMs - submittedMs) / tasks
    const cells = [submittedMs, firstStartMs, latestBeatMs, endedMs].map(ms => ms.toFixed(0))
    return [String(tasks), ...cells, perTask.toFixed(2), cpuMsPerTask.toFixed(2), peakRssMb.toFixed(0)]
  })
  const body = [head, head.map(() => '---'), ...lines].map(cells => `| ${cells.join(' | ')} |`)
  return [...body, '', `${names.length} peers with ${CAPACITY} places each, load ${loadavg()[0]?.toFixed(1)}.`].join(
    '\n',
  )
}
