/**
 * The demo: three peers on this machine run the phasID example over profiles that are made here, one peer is killed in the middle,
 * and the others finish. It tells what happened from the ledger, checks every claim it makes, and leaves nothing running.
 */
import { access, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { compareWithTruth } from '../../examples/phasid/generator/compare-with-truth.ts'
import { generateSeries, type Truth } from '../../examples/phasid/generator/generate-series.ts'
import type { ResultRow } from '../../examples/phasid/analyse-profile.ts'
import type { Client, RunDetailsView, RunView } from '../../src/index.ts'
import type { DemoClaim, DemoResult } from './demo-report.ts'
import { PeerProcess } from './peer-process.ts'
import { notDoneExactlyOnce, sharesOf, takeoversOf } from './takeovers.ts'

export interface DemoOptions {
  profiles: number
  peers: readonly string[]
  /** Folder for the results; made when it is not there. */
  output: string
  seed: number
  /** Seconds that each profile takes besides its computation, as an exposure would. */
  exposure: number
}

/** What the one who shows the demo is told while it happens. */
export interface DemoListener {
  step(text: string): void
  progress(run: RunView): void
}

export interface DemoParts {
  openClient: (options: { home: string }) => Promise<Client>
  listener: DemoListener
  /** Ctrl-C: everything that was started is ended, then the demo rejects. */
  signal: AbortSignal
}

/** Share of the profiles that are identified when a peer is killed. */
const KILL_AT = 0.35
/** A run of the demo takes seconds; beyond this something hangs. */
const RUN_WITHIN_MS = 120_000

export async function runDemo(options: DemoOptions, parts: DemoParts): Promise<DemoResult> {
  const home = await mkdtemp(join(tmpdir(), 'lightflow-demo-'))
  const peers: PeerProcess[] = []
  let client: Client | undefined
  try {
    const data = join(home, 'surfactant-water')
    const truth = await generateSeries({ folder: data, count: options.profiles, seed: options.seed })
    parts.listener.step(`made ${truth.length} scattering profiles of a surfactant in water`)
    await startPeers(options.peers, home, peers, parts)
    client = await parts.openClient({ home })
    const story = await tellStory({ options, parts, client, peers, data })
    const rest = peers.filter(({ name }) => name !== story.killed)
    const exitCodes = await Promise.all(rest.map(peer => peer.stop()))
    parts.listener.step('the peers have left the mesh')
    return await conclude(options, truth, story, exitCodes)
  } finally {
    await client?.close()
    await Promise.all(peers.map(peer => peer.stop(2000)))
    await rm(home, { recursive: true, force: true })
  }
}

async function startPeers(
  names: readonly string[],
  home: string,
  peers: PeerProcess[],
  { listener, signal }: DemoParts,
): Promise<void> {
  const started = await Promise.allSettled(names.map(name => PeerProcess.start({ name, home, args: ['--no-mdns'] })))
  for (const result of started) if (result.status === 'fulfilled') peers.push(result.value.process)
  for (const result of started) if (result.status === 'rejected') throw result.reason
  signal.throwIfAborted()
  listener.step(`started ${names.length} peers: ${peers.map(({ name, pid }) => `${name} (pid ${pid})`).join(', ')}`)
}

interface Story {
  run: string
  details: RunDetailsView
  killed: string
  killedAtMs: number
  heldAtKill: number
}

interface StoryParts {
  options: DemoOptions
  parts: DemoParts
  client: Client
  peers: readonly PeerProcess[]
  data: string
}

async function tellStory({ options, parts, client, peers, data }: StoryParts): Promise<Story> {
  const { listener, signal } = parts
  await mkdir(options.output, { recursive: true })
  const workflow = fileURLToPath(new URL(`../../examples/phasid/phasid.${SOURCE_EXTENSION}`, import.meta.url))
  const { run } = await client.start(workflow, {
    args: { folder: data, unit: '1/A', output: options.output, exposure: options.exposure },
  })
  listener.step(`submitted ${run}`)
  const victim = await waitForVictim(client, run, options.profiles * KILL_AT, peers, parts)
  victim.peer.kill('SIGKILL')
  const killedAtMs = Date.now()
  listener.step(
    `killed ${victim.peer.name} with SIGKILL while it held ${victim.held} task${victim.held === 1 ? '' : 's'}`,
  )
  const within = AbortSignal.any([signal, AbortSignal.timeout(RUN_WITHIN_MS)])
  const end = await client.wait(run, { signal: within, onProgress: view => listener.progress(view) })
  signal.throwIfAborted()
  listener.step(`the run ${end.state}`)
  return { run, details: await client.show(run), killed: victim.peer.name, killedAtMs, heldAtKill: victim.held }
}

const SOURCE_EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** Waits until enough is done and some peer works; that one is to die. */
async function waitForVictim(
  client: Client,
  run: string,
  doneAtLeast: number,
  peers: readonly PeerProcess[],
  { listener, signal }: DemoParts,
): Promise<{ peer: PeerProcess; held: number }> {
  const deadline = performance.now() + RUN_WITHIN_MS
  while (performance.now() < deadline) {
    signal.throwIfAborted()
    const details = await client.show(run)
    listener.progress(details)
    const working = busiest(details, peers)
    if ((details.tasks.done ?? 0) >= doneAtLeast && working !== undefined) return working
    if (details.state !== 'running') throw new Error(`the run ${details.state} before a peer could be killed`)
    await delay(20)
  }
  throw new Error('the run did not come far enough to kill a peer')
}

/** The peer that identifies most profiles at this moment. */
function busiest(
  { dags }: RunDetailsView,
  peers: readonly PeerProcess[],
): { peer: PeerProcess; held: number } | undefined {
  const claimed = dags.flatMap(({ tasks }) => tasks.filter(({ state }) => state === 'claimed'))
  const held = (name: string) => claimed.filter(({ peer }) => peer === name).length
  const [first] = peers.map(peer => ({ peer, held: held(peer.name) })).sort((a, b) => b.held - a.held)
  return first === undefined || first.held === 0 ? undefined : first
}

async function conclude(
  options: DemoOptions,
  truth: readonly Truth[],
  { run, details, killed, killedAtMs, heldAtKill }: Story,
  exitCodes: readonly (number | null)[],
): Promise<DemoResult> {
  const rows = await readRows(join(options.output, 'results.json'))
  const diagram = join(options.output, 'phase-diagram.svg')
  const takeovers = takeoversOf(details, killedAtMs)
  const comparison = compareWithTruth(rows, truth)
  const notOnce = notDoneExactlyOnce(details)
  const wrong = comparison.misses.filter(({ verdict }) => verdict === 'wrong')
  const tasks = details.dags.reduce((sum, dag) => sum + dag.tasks.length, 0)
  const takers = new Set(takeovers.map(({ to }) => to))
  const claims: DemoClaim[] = [
    {
      claim: 'the run succeeded',
      holds: details.state === 'succeeded',
      found: details.error?.message ?? details.state,
    },
    {
      claim: `each of its ${tasks} tasks is done exactly once`,
      holds: notOnce.length === 0,
      found: notOnce.slice(0, 5).join(', '),
    },
    {
      claim: `what ${killed} held runs elsewhere`,
      holds: takeovers.length >= Math.min(1, heldAtKill) && takeovers.length > 0 && !takers.has(killed),
      found: `${takeovers.length} of ${heldAtKill} taken over`,
    },
    {
      claim: `all ${truth.length} profiles have a result`,
      holds: rows.length === truth.length,
      found: `${rows.length} rows`,
    },
    {
      claim: 'no phase is definitely wrong',
      holds: wrong.length === 0,
      found: wrong.map(({ file, truth: expected, found }) => `${file} is ${expected}, not ${found}`).join('; '),
    },
    { claim: 'the phase diagram was drawn', holds: await exists(diagram), found: `no file ${diagram}` },
    {
      claim: 'the other peers left in order',
      holds: exitCodes.every(code => code === 0),
      found: `exit codes ${exitCodes.join(', ')}`,
    },
  ]
  const diagramShown = relative(process.cwd(), diagram) || diagram
  return {
    run,
    profiles: truth.length,
    durationMs: details.durationMs ?? 0,
    killed,
    shares: sharesOf(details),
    takeovers,
    comparison,
    diagram: diagramShown,
    claims,
  }
}

async function readRows(file: string): Promise<ResultRow[]> {
  try {
    return (JSON.parse(await readFile(file, 'utf8')) as { rows: ResultRow[] }).rows
  } catch {
    // Told as a claim that does not hold.
    return []
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file)
    return true
  } catch {
    return false
  }
}
