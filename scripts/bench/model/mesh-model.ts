/** A mesh of real supervisors on one memory ledger, in virtual time: what each peer costs the others and the ledger. */
import { silentLog } from '../../../src/core/log.ts'
import { seededRandom } from '../../../src/core/random.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { openMemoryLedger } from '../../../src/ledger/memory/memory-ledger.ts'
import { MemoryPayloadStore } from '../../../src/payload/memory/memory-payload-store.ts'
import { Supervisor } from '../../../src/supervisor/supervisor.ts'
import { LAN_TIMING } from '../../../src/supervisor/timing.ts'
import { dagPlan, taskPlan } from '../../../test/support/memory-peers.ts'
import { ScriptedPool } from '../../../test/support/scripted-pool.ts'
import { World } from '../../../test/simulation/world.ts'
import { countedLedger, cpuUs, LedgerCounts, WEIGHED_EVERY } from './counted-ledger.ts'
import { ModelMesh, ModelNetwork } from './model-mesh.ts'

export interface ModelFigures {
  peers: number
  /** How often each peer looked at all sessions until everybody was there, all started within seconds. */
  startLooks: number
  /** Of an idle mesh, for each peer and second. CPU of its supervisor alone, without the ledger's. */
  idle: { calls: number; bytesRead: number; messages: number; cpuMs: number; ledgerCpuMs: number }
  /** One run with half as many lanes as there are peers. */
  fan: WorkFigures
  /** Small runs, one after the other: nearly everybody is idle, and each word of something ready is about one task or two. */
  trickle: WorkFigures
}

/** For each task, but for what the mesh does at rest in the same time. */
export interface WorkFigures {
  tasks: number
  tookMs: number
  calls: number
  messages: number
  bytes: number
  /** Of all peers. */
  cpuMs: number
  triesPerClaim: number
  /** Calls by what is asked, the most frequent first. */
  byName: [name: string, calls: number][]
}

/** Of a call of the ledger, each way, and of a hint. */
const LEDGER_DELAY_MS = 2
const HINT_DELAY_MS = 3
const TASK_MS = 300
const START_WITHIN_MS = 3000
const PREPARE_MS = 8000
/** A fan of this many lanes for each peer. */
const LANES_PER_PEER = 0.5
const TRICKLE = { runs: 20, lanes: 3, everyMs: 500 }
const LOOK_EVERY_MS = 20

export async function modelMesh(count: number, idleForMs: number): Promise<ModelFigures> {
  const world = new World()
  const random = seededRandom(count)
  const network = new ModelNetwork(world.clock, HINT_DELAY_MS)
  const truth = openMemoryLedger({ clock: world.clock, random })
  const counts = new LedgerCounts()
  const ledgers = [true, false].map(isWeighed =>
    countedLedger({ ledger: truth, world, counts, delayMs: LEDGER_DELAY_MS }, isWeighed),
  )
  const supervisors = Array.from({ length: count }, (_, index) =>
    makePeer(index, { world, network, ledger: ledgers[index % WEIGHED_EVERY === 0 ? 0 : 1] ?? truth }),
  )
  for (const supervisor of supervisors) world.schedule(random.float() * START_WITHIN_MS, () => void supervisor.start())
  await world.run(START_WITHIN_MS + PREPARE_MS)
  const startLooks = counts.of('sessionBeats') / count

  const meshed = { world, truth, network, counts, supervisors }
  const rest = await atRest(meshed, idleForMs)
  const per = (number: number): number => number / count / (idleForMs / 1000)
  const idle = {
    calls: per(rest.calls),
    bytesRead: per((rest.bytesRead * count) / Math.ceil(count / WEIGHED_EVERY)),
    messages: per(rest.messages),
    cpuMs: per(rest.cpuMs),
    ledgerCpuMs: per(rest.ledgerCpuMs),
  }
  const lanes = Math.ceil(count * LANES_PER_PEER)
  const fan = await work(meshed, rest, idleForMs, { runs: 1, lanes, everyMs: 0 })
  return { peers: count, startLooks, idle, fan, trickle: await work(meshed, rest, idleForMs, TRICKLE) }
}

interface Meshed {
  world: World
  truth: Ledger
  network: ModelNetwork
  counts: LedgerCounts
  supervisors: readonly Supervisor[]
}

interface Rest {
  calls: number
  byName: Map<string, number>
  bytesRead: number
  messages: number
  cpuMs: number
  ledgerCpuMs: number
}

async function atRest(meshed: Meshed, forMs: number): Promise<Rest> {
  return (await spent(meshed, async () => void (await meshed.world.run(forMs)))).cost
}

/** What the mesh spends while this goes on. */
async function spent(
  { counts, network }: Meshed,
  during: () => Promise<void>,
): Promise<{ cost: Rest; sent: { messages: number; bytes: number } }> {
  const [before, sentBefore, cpuBefore] = [counts.copy(), { ...network.sent }, cpuUs()]
  await during()
  const ledgerCpuUs = counts.cpuUs - before.cpuUs
  const sent = {
    messages: network.sent.messages - sentBefore.messages,
    bytes: network.sent.bytes - sentBefore.bytes,
  }
  const byName = new Map(Array.from(counts.calls, ([name, calls]) => [name, calls - (before.calls.get(name) ?? 0)]))
  const cost = {
    calls: counts.total - before.total,
    byName,
    bytesRead: counts.bytesRead - before.bytesRead,
    messages: sent.messages,
    cpuMs: (cpuUs() - cpuBefore - ledgerCpuUs) / 1000,
    ledgerCpuMs: ledgerCpuUs / 1000,
  }
  return { cost, sent }
}

interface Load {
  runs: number
  /** Of each run, after a source. */
  lanes: number
  everyMs: number
}

async function work(meshed: Meshed, rest: Rest, restMs: number, load: Load): Promise<WorkFigures> {
  const { world, supervisors } = meshed
  const claimsBefore = claimsOf(supervisors)
  const fromMs = world.nowMs
  const { cost, sent } = await spent(meshed, () => runAll(meshed, load))
  const tasks = load.runs * (load.lanes + 1)
  const tookMs = world.nowMs - fromMs
  const claims = claimsOf(supervisors)
  const more = (spent: number, atRest: number): number => (spent - (atRest * tookMs) / restMs) / tasks
  const byName = Array.from(cost.byName, ([name, calls]): [string, number] => [
    name,
    more(calls, rest.byName.get(name) ?? 0),
  ])
  return {
    tasks,
    tookMs,
    calls: more(cost.calls, rest.calls),
    messages: more(sent.messages, rest.messages),
    bytes: sent.bytes / tasks,
    cpuMs: more(cost.cpuMs, rest.cpuMs),
    triesPerClaim: (claims.tried - claimsBefore.tried) / Math.max(1, claims.won - claimsBefore.won),
    byName: byName.toSorted((one, other) => other[1] - one[1]),
  }
}

async function runAll({ world, truth }: Meshed, { runs, lanes, everyMs }: Load): Promise<void> {
  const names = Array.from({ length: lanes }, (_, index) => `lane-${index}`)
  const plan = dagPlan(
    'fan',
    ['source', ...names].map(name => taskPlan(name)),
    names.map(lane => ['source', lane]),
  )
  const given = { bundle: 'b', args: {}, submittedBy: 'model', keepData: false, priority: 0, queue: null }
  const ids = Array.from({ length: runs }, (_, index) => `${lanes}-lanes-${index}`)
  for (const [index, id] of ids.entries()) {
    const run = { ...given, id, plan: { name: 'model', description: '', dags: [plan], options: [] } }
    world.schedule(index * everyMs, () => void truth.submit(run))
  }
  let isOver = false
  const look = async (): Promise<void> => {
    const heads = await Promise.all(ids.map(id => truth.runHead(id)))
    isOver = heads.every(run => run?.state === 'succeeded')
    if (!isOver) world.schedule(LOOK_EVERY_MS, () => void look())
  }
  void look()
  if (!(await world.run(60_000, () => isOver))) throw new Error(`runs of ${lanes} lanes did not end`)
}

function claimsOf(supervisors: readonly Supervisor[]): { tried: number; won: number } {
  const sum = (pick: 'tried' | 'won'): number =>
    supervisors.reduce((total, { claimStatistics }) => total + claimStatistics[pick], 0)
  return { tried: sum('tried'), won: sum('won') }
}

function makePeer(
  number: number,
  { world, network, ledger }: { world: World; network: ModelNetwork; ledger: Ledger },
): Supervisor {
  const name = `peer-${number}`
  // As long as real peer ids are: they are what the ledger and the hints carry.
  const mesh = new ModelMesh(`12D3KooW${name.padStart(44, 'x')}`, network, ledger.incarnation)
  void mesh.start()
  const workers = new ScriptedPool(() => world.clock.sleep(TASK_MS))
  return new Supervisor(
    {
      ledger,
      mesh,
      workers,
      payloads: new MemoryPayloadStore({ peer: mesh.peer }),
      clock: world.clock,
      random: seededRandom(number),
      log: silentLog,
      bundleFile: async hash => hash,
      scratchOf: () => '/nowhere',
      removeScratch: async () => {},
      output: () => {},
    },
    { name, host: name, pid: 1, version: '0', queues: ['task'], capacity: 1, labels: {}, timing: LAN_TIMING },
  )
}
