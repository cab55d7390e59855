/**
 * What peers cost that have nothing to do: `lf node` processes on one ledger, connected all with all. As root, those on SQLite get a network
 * namespace of their own, so that all traffic on its loopback is theirs; otherwise traffic is not measured.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../../test/support/eventually.ts'
import { RealMesh, type RealPeerOptions } from '../../test/support/real-mesh.ts'
import { temporaryDatabase } from '../../test/support/temporary-database.ts'
import type { idle } from './definitions.ts'
import type { BenchRun } from './harness/bench.ts'
import { spread } from './harness/figures.ts'
import type { Values } from './harness/options.ts'
import { playApart } from './harness/play-apart.ts'
import type { Report } from './harness/report.ts'
import { cpuSOf, memoryOf } from './proc.ts'

type Asked = Values<typeof idle.options>

/** Set in the process that runs inside the namespace. */
const INSIDE = 'LF_MEASURE_INSIDE'
/** After the last connection: libp2p's first rounds of everything are over, and what the start left is collected. */
const SETTLE_MS = 25_000
const FULL_WITHIN_MS = 120_000
const COUNTER = fileURLToPath(new URL('../../test/support/count-ledger-calls.js', import.meta.url))
const LANES = fileURLToPath(new URL('../../test/end-to-end/workflows/lanes.ts', import.meta.url))
const NAMESPACE = ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh']

interface Sample {
  cpuS: number
  rssMb: number
  pssMb: number
  calls: Record<string, number>
}

export async function playIdle(asked: Asked, run: BenchRun): Promise<Report> {
  // A MongoDB would be out of reach there.
  const isApart = asked.ledger === '' && process.env[INSIDE] === undefined && canUnshare()
  if (!isApart) return measure(asked, run)
  const words = ['--peers', String(asked.peers), '--seconds', String(asked.seconds)]
  if (asked['no-gossip']) words.push('--no-gossip')
  if (asked.profile !== '') words.push('--profile', resolve(asked.profile))
  return playApart(['idle', ...words], run, { through: NAMESPACE, env: { [INSIDE]: '1' } })
}

function canUnshare(): boolean {
  return spawnSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up']).status === 0
}

async function measure(asked: Asked, run: BenchRun): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'lightflow-idle-'))
  const database = asked.ledger === '' ? undefined : temporaryDatabase(asked.ledger)
  if (database !== undefined) run.atEnd(database.drop)
  const names = Array.from({ length: asked.peers }, (_, index) => `peer-${index + 1}`)
  const env = { LF_COUNT_FOLDER: folder, NODE_OPTIONS: `--import ${COUNTER}` }
  const args = asked['no-gossip'] ? ['--no-gossip'] : []
  const options = { args, env, capacity: 1 }
  const [first = '', ...others] = names
  run.progress(`starting ${asked.peers} peers`)
  const started = asked.profile === '' ? names : others
  const mesh = await RealMesh.start(started, { ...options, ...(database && { ledger: database.uri }) })
  run.atEnd(() => mesh.close())
  if (asked.profile !== '') await startProfiled(mesh, first, resolve(asked.profile), options)
  const pids = Array.from(mesh.peers.values(), ({ pid }) => pid)
  const readyCpuS = await cpuSOf(pids)
  run.progress('waiting until all are connected')
  const fullAfterS = await seconds(() => eventually(() => mesh.isFullMesh(), FULL_WITHIN_MS, 200))
  const fullCpuS = await cpuSOf(pids)
  run.progress(`letting them settle, then looking for ${asked.seconds} s`)
  await delay(SETTLE_MS)
  const [before, traffic] = [await sampleAll(pids, folder), await loopback()]
  const tookS = await seconds(() => delay(asked.seconds * 1000))
  const [after, trafficAfter] = [await sampleAll(pids, folder), await loopback()]
  const of = (total: number): number => total / tookS / pids.length
  const figures = {
    fullAfterS,
    readyCpuS: readyCpuS / pids.length,
    fullCpuS: fullCpuS / pids.length,
    cpuPercent: after.map(({ cpuS }, index) => ((cpuS - (before[index]?.cpuS ?? 0)) / tookS) * 100),
    rssMb: after.map(({ rssMb }) => rssMb),
    pssMb: after.map(({ pssMb }) => pssMb),
    bytesPerS: of(trafficAfter.bytes - traffic.bytes),
    packetsPerS: of(trafficAfter.packets - traffic.packets),
    callsPerS: callsPerS(before, after, tookS),
  }
  return reportOf(asked, figures, await describeRun(mesh))
}

interface Figures {
  /** From the start of the last one until all are connected with all. */
  fullAfterS: number
  /** CPU of a peer until the last one was ready, and until all were connected. */
  readyCpuS: number
  fullCpuS: number
  /** Of each peer. */
  cpuPercent: number[]
  rssMb: number[]
  pssMb: number[]
  /** Of each peer, as far as nobody else uses the loopback. */
  bytesPerS: number
  packetsPerS: number
  callsPerS: Record<string, number>
}

function reportOf(asked: Asked, figures: Figures, ofRun: string): Report {
  const isOwn = process.env[INSIDE] !== undefined
  const calls = Object.entries(figures.callsPerS).toSorted(([, one], [, other]) => other - one)
  const all = calls.reduce((sum, [, rate]) => sum + rate, 0)
  const often = calls.filter(([, rate]) => rate >= 0.01).map(([name, rate]) => `${name} ${rate.toFixed(2)}`)
  const rows = [
    ['CPU, % of a core', spread(figures.cpuPercent, 2)],
    ['RSS, MB', spread(figures.rssMb)],
    ['PSS, MB', spread(figures.pssMb)],
    ['sent, bytes/s', isOwn ? figures.bytesPerS.toFixed(0) : '-'],
    ['sent, packets/s', isOwn ? figures.packetsPerS.toFixed(1) : '-'],
    ...(asked.ledger === '' ? [['calls of the ledger, 1/s', all.toFixed(1)]] : []),
    ['all connected, s after the last start', figures.fullAfterS.toFixed(1)],
    ['CPU s until the last one was ready', figures.readyCpuS.toFixed(2)],
    ['CPU s until all were connected', figures.fullCpuS.toFixed(2)],
  ]
  return {
    tables: [{ head: ['of a peer', `${asked.peers} idle, ${asked.seconds} s`], rows }],
    remarks: [
      ...(often.length === 0 ? [] : [`Calls of the ledger, of a peer each second: ${often.join(', ')}.`]),
      ofRun,
      ...(isOwn ? [] : ['Traffic is not measured: a network namespace needs root and a SQLite ledger.']),
    ],
    figures,
  }
}

async function startProfiled(
  mesh: RealMesh,
  name: string,
  into: string,
  options: RealPeerOptions & { env: NodeJS.ProcessEnv },
): Promise<void> {
  const NODE_OPTIONS = `${options.env['NODE_OPTIONS'] ?? ''} --cpu-prof --cpu-prof-dir=${into}`
  await mesh.startPeer(name, { ...options, env: { ...options.env, NODE_OPTIONS } })
}

/** That work reaches all of them, and how soon. */
async function describeRun(mesh: RealMesh): Promise<string> {
  const { run } = await mesh.client.start(LANES, { args: { pure: mesh.peers.size, idempotent: 0, seconds: 0.5 } })
  const { state, durationMs } = await mesh.client.wait(run, { signal: AbortSignal.timeout(120_000) })
  const { dags } = await mesh.client.show(run)
  const took = new Set(dags.flatMap(({ tasks }) => tasks.map(({ peer }) => peer))).size
  const { metrics } = await mesh.client.meshStatus()
  return `A run over all of them: ${state} after ${durationMs} ms, ${took} took part; from ready to claimed ${JSON.stringify(metrics)}.`
}

function sampleAll(pids: readonly number[], folder: string): Promise<Sample[]> {
  return Promise.all(pids.map(pid => sample(pid, folder)))
}

async function sample(pid: number, folder: string): Promise<Sample> {
  const countsFile = join(folder, `${pid}.json`)
  await rm(countsFile, { force: true })
  process.kill(pid, 'SIGUSR2')
  return {
    cpuS: await cpuSOf([pid]),
    ...(await memoryOf(pid)),
    calls: await eventually(async () => JSON.parse(await readFile(countsFile, 'utf8')), 10_000),
  }
}

async function loopback(): Promise<{ bytes: number; packets: number }> {
  const text = await readFile('/proc/self/net/dev', 'utf8')
  const [bytes = 0, packets = 0] = (/lo:\s*(.*)/.exec(text)?.[1] ?? '').split(/\s+/).map(Number)
  return { bytes, packets }
}

/** Of a peer, by what is asked. */
function callsPerS(before: readonly Sample[], after: readonly Sample[], tookS: number): Record<string, number> {
  const rates: Record<string, number> = {}
  for (const [index, sample] of after.entries()) {
    for (const [name, count] of Object.entries(sample.calls)) {
      rates[name] = (rates[name] ?? 0) + (count - (before[index]?.calls[name] ?? 0)) / tookS / after.length
    }
  }
  return rates
}

async function seconds(wait: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await wait()
  return (performance.now() - from) / 1000
}
