/**
 * What peers cost that have nothing to do: `lf node` processes on one SQLite ledger, connected all with all. As root they get a network
 * namespace of their own, so that all traffic on its loopback is theirs; otherwise traffic is not measured.
 *
 *   npm run measure:idle -- [--peers 20] [--seconds 30] [--no-gossip] [--profile FOLDER]
 *
 * `--profile` keeps a CPU profile of the first peer in that folder, and makes that peer slower.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../test/support/eventually.ts'
import { endWithChildren } from '../test/support/end-with-children.ts'
import { RealMesh } from '../test/support/real-mesh.ts'

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '30' },
    'no-gossip': { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
})

/** Set in the process that runs inside the namespace. */
const INSIDE = 'LF_MEASURE_INSIDE'
/** `sysconf(_SC_CLK_TCK)` of every Linux that Node.js runs on. */
const TICKS_PER_S = 100
/** After the last connection: libp2p's first rounds of everything are over, and what the start left is collected. */
const SETTLE_MS = 25_000
const COUNTER = fileURLToPath(new URL('../test/support/count-ledger-calls.ts', import.meta.url))
const LANES = resolve('test/end-to-end/workflows/lanes.ts')

interface Sample {
  cpuS: number
  rssMb: number
  /** Pages that several processes share, such as those of Node.js itself, count in equal parts. */
  pssMb: number
  calls: Record<string, number>
}

if (process.env[INSIDE] === undefined && canUnshare()) await rerunInside()
else await measure()

function canUnshare(): boolean {
  return spawnSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up']).status === 0
}

async function rerunInside(): Promise<void> {
  const command = 'ip link set lo up && exec "$@"'
  const args = ['--net', 'sh', '-c', command, 'sh', process.execPath, ...process.argv.slice(1)]
  const inner = spawn('unshare', args, { stdio: 'inherit', env: { ...process.env, [INSIDE]: '1' } })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => inner.kill(signal))
  const [code] = (await once(inner, 'exit')) as [number | null]
  process.exitCode = code ?? 1
}

async function measure(): Promise<void> {
  endWithChildren()
  const folder = await mkdtemp(join(tmpdir(), 'lightflow-idle-'))
  const names = Array.from({ length: Number(values.peers) }, (_, index) => `peer-${index + 1}`)
  const env = { LF_COUNT_FOLDER: folder, NODE_OPTIONS: `--import ${COUNTER}` }
  const args = values['no-gossip'] ? ['--no-gossip'] : []
  const options = { args, env, capacity: 1 }
  const rest = names.slice(values.profile === undefined ? 0 : 1)
  const mesh = await RealMesh.start(rest, options)
  try {
    if (values.profile !== undefined) await startProfiled(mesh, names[0] ?? '', resolve(values.profile), options)
    const readyCpuS = await cpuOfAll(mesh)
    const fullAfterS = await seconds(() => eventually(() => mesh.isFullMesh(), 120_000, 200))
    const fullCpuS = await cpuOfAll(mesh)
    await delay(SETTLE_MS)
    await report(mesh, folder, { fullAfterS, readyCpuS, fullCpuS })
  } finally {
    await mesh.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function startProfiled(
  mesh: RealMesh,
  name: string,
  into: string,
  options: { env: NodeJS.ProcessEnv },
): Promise<void> {
  const NODE_OPTIONS = `${options.env['NODE_OPTIONS'] ?? ''} --cpu-prof --cpu-prof-dir=${into}`
  await mesh.startPeer(name, { ...options, env: { ...options.env, NODE_OPTIONS } })
}

interface StartCost {
  fullAfterS: number
  /** CPU of all peers until the last one was ready, and until all were connected. */
  readyCpuS: number
  fullCpuS: number
}

async function report(mesh: RealMesh, folder: string, start: StartCost): Promise<void> {
  const peers = Array.from(mesh.peers.values())
  const sampleAll = () => Promise.all(peers.map(peer => sample(peer.pid, folder)))
  const [before, traffic] = [await sampleAll(), await loopback()]
  const tookS = await seconds(() => delay(Number(values.seconds) * 1000))
  const [after, trafficAfter] = [await sampleAll(), await loopback()]
  const cpu = after.map(({ cpuS }, index) => ((cpuS - (before[index]?.cpuS ?? 0)) / tookS) * 100)
  const each = (total: number): string => (total / tookS / peers.length).toFixed(1)
  console.log(
    `${peers.length} idle peers, ${tookS.toFixed(0)} s, gossip ${values['no-gossip'] ? 'off' : 'on'}, load ${loadavg()[0]?.toFixed(1)}`,
  )
  console.log(`full mesh after the last start: ${start.fullAfterS.toFixed(1)} s`)
  const [ready, full] = [start.readyCpuS, start.fullCpuS].map(cpuS => (cpuS / peers.length).toFixed(2))
  console.log(`CPU per peer until the last one was ready: ${ready} s, until the mesh was full: ${full} s`)
  console.log(`CPU per peer: ${spread(cpu, 2)} % of a core`)
  const memory = (of: (sample: Sample) => number): string => spread(after.map(of), 0)
  console.log(`RSS per peer: ${memory(({ rssMb }) => rssMb)} MB; PSS: ${memory(({ pssMb }) => pssMb)} MB`)
  if (process.env[INSIDE] === undefined) console.log('traffic: not measured, since a network namespace needs root')
  else {
    const bytes = each(trafficAfter.bytes - traffic.bytes)
    console.log(`traffic sent per peer: ${bytes} bytes/s in ${each(trafficAfter.packets - traffic.packets)} packets/s`)
  }
  console.log(`ledger calls per peer and second: ${calls(before, after, tookS)}`)
  await reportRun(mesh)
}

/** That work reaches all of them, and how soon. */
async function reportRun(mesh: RealMesh): Promise<void> {
  const { run } = await mesh.client.start(LANES, { args: { pure: mesh.peers.size, idempotent: 0, seconds: 0.5 } })
  const end = await mesh.client.wait(run, { signal: AbortSignal.timeout(120_000) })
  const { dags } = await mesh.client.show(run)
  const took = new Set(dags.flatMap(({ tasks }) => tasks.map(({ peer }) => peer))).size
  const { metrics } = await mesh.client.meshStatus()
  console.log(
    `a run over all of them: ${end.state} after ${end.durationMs} ms, ${took} took part; ready to claimed`,
    metrics,
  )
}

async function sample(pid: number, folder: string): Promise<Sample> {
  const countsFile = join(folder, `${pid}.json`)
  await rm(countsFile, { force: true })
  process.kill(pid, 'SIGUSR2')
  const pages = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
  const megabytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(pages)?.[1]) / 1024
  return {
    cpuS: await cpuOf(pid),
    rssMb: megabytes('Rss'),
    pssMb: megabytes('Pss'),
    calls: await eventually(async () => JSON.parse(await readFile(countsFile, 'utf8')), 10_000),
  }
}

async function cpuOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S
}

async function cpuOfAll({ peers }: RealMesh): Promise<number> {
  const each = await Promise.all(Array.from(peers.values(), ({ pid }) => cpuOf(pid)))
  return each.reduce((sum, cpuS) => sum + cpuS, 0)
}

async function loopback(): Promise<{ bytes: number; packets: number }> {
  const text = await readFile('/proc/self/net/dev', 'utf8')
  const [bytes = 0, packets = 0] = (/lo:\s*(.*)/.exec(text)?.[1] ?? '').split(/\s+/).map(Number)
  return { bytes, packets }
}

function calls(before: readonly Sample[], after: readonly Sample[], tookS: number): string {
  const rates = new Map<string, number>()
  for (const [index, sample] of after.entries()) {
    for (const [name, count] of Object.entries(sample.calls)) {
      const more = (count - (before[index]?.calls[name] ?? 0)) / tookS / after.length
      rates.set(name, (rates.get(name) ?? 0) + more)
    }
  }
  const total = Array.from(rates.values()).reduce((sum, rate) => sum + rate, 0)
  const parts = Array.from(rates).filter(([, rate]) => rate >= 0.01)
  const sorted = parts.toSorted(([, a], [, b]) => b - a)
  return `${total.toFixed(1)} (${sorted.map(([name, rate]) => `${name} ${rate.toFixed(2)}`).join(', ')})`
}

async function seconds(wait: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await wait()
  return (performance.now() - from) / 1000
}

/** `median (least to most)` */
function spread(numbers: readonly number[], digits: number): string {
  const sorted = numbers.toSorted((a, b) => a - b)
  const [median = 0, least = 0, most = 0] = [sorted[Math.floor(sorted.length / 2)], sorted[0], sorted.at(-1)]
  return `${median.toFixed(digits)} (${least.toFixed(digits)} to ${most.toFixed(digits)})`
}
