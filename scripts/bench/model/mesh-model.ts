/** A mesh of real supervisors on one memory ledger, in virtual time: what each peer costs the others and the ledger. */
import { silentLog } from '../../../src/core/log.ts'
import { seededRandom } from '../../../src/core/random.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { openMemoryLedger } from '../../../src/ledger/memory/memory-ledger.ts'
import { encodeRow } from '../../../src/ledger/row-codec.ts'
import { MemoryPayloadStore } from '../../../src/payload/memory/memory-payload-store.ts'
import { Supervisor } from '../../../src/supervisor/supervisor.ts'
import { LAN_TIMING } from '../../../src/supervisor/timing.ts'
import { dagPlan, taskPlan } from '../../../test/support/memory-peers.ts'
import { ScriptedPool } from '../../../test/support/scripted-pool.ts'
import { World } from '../../../test/simulation/world.ts'
import { ModelMesh, ModelNetwork } from './model-mesh.ts'

export interface ModelFigures {
  peers: number
  /** How often each peer read all sessions until everybody was there, all started within seconds. */
  startReads: number
  /** Of an idle mesh, for each peer. */
  idle: { callsPerS: number; sessionsReadBytesPerS: number; messagesPerS: number; beatBytes: number }
  /** For each task. */
  work: { callsPerTask: number; messagesPerTask: number; bytesPerTask: number; triesPerClaim: number; tasks: number }
}

/** Of a call of the ledger, each way, and of a hint. */
const LEDGER_DELAY_MS = 2
const HINT_DELAY_MS = 3
const TASK_MS = 300
const START_WITHIN_MS = 3000
const PREPARE_MS = 8000
/** A fan of this many lanes for each peer. */
const LANES_PER_PEER = 0.5

export async function modelMesh(count: number, idleForMs: number): Promise<ModelFigures> {
  const world = new World()
  const random = seededRandom(count)
  const network = new ModelNetwork(world.clock, HINT_DELAY_MS)
  const truth = openMemoryLedger({ clock: world.clock, random })
  const calls = { count: 0, sessionReads: 0 }
  const ledger = distant(truth, world, calls)
  const supervisors = Array.from({ length: count }, (_, index) => makePeer(`peer-${index}`, { world, network, ledger }))
  for (const supervisor of supervisors) world.schedule(random.float() * START_WITHIN_MS, () => void supervisor.start())
  await world.run(START_WITHIN_MS + PREPARE_MS)

  const before = { ...calls, ...network.sent }
  await world.run(idleForMs)
  const perPeerAndS = (number: number): number => number / count / (idleForMs / 1000)
  const sessions = await truth.sessions()
  const sessionsBytes = sessions.reduce((sum, session) => sum + encodeRow(session).byteLength, 0)
  const idle = {
    callsPerS: perPeerAndS(calls.count - before.count),
    sessionsReadBytesPerS: perPeerAndS(calls.sessionReads - before.sessionReads) * sessionsBytes,
    messagesPerS: perPeerAndS(network.sent.messages - before.messages),
    beatBytes: sessionsBytes / count,
  }
  const startReads = before.sessionReads / count
  return { peers: count, startReads, idle, work: await work(world, { truth, network, calls, supervisors }) }
}

interface Meshed {
  truth: Ledger
  network: ModelNetwork
  calls: { count: number }
  supervisors: readonly Supervisor[]
}

/** A source, then the lanes. What the mesh costs at rest in the same time is taken off. */
async function work(world: World, { truth, network, calls, supervisors }: Meshed): Promise<ModelFigures['work']> {
  const lanes = Array.from({ length: Math.ceil(supervisors.length * LANES_PER_PEER) }, (_, index) => `lane-${index}`)
  const plan = dagPlan(
    'fan',
    ['source', ...lanes].map(name => taskPlan(name)),
    lanes.map(lane => ['source', lane]),
  )
  const atRest = { calls: calls.count, atMs: world.nowMs }
  await world.run(1000)
  const restCallsPerMs = (calls.count - atRest.calls) / 1000
  const before = { calls: calls.count, ...network.sent, ...claimsOf(supervisors), atMs: world.nowMs }
  const given = { bundle: 'b', args: {}, submittedBy: 'model', keepData: false, priority: 0, queue: null }
  await truth.submit({ ...given, id: 'r', plan: { name: 'model', description: '', dags: [plan], options: [] } })
  let isOver = false
  const look = (): void => {
    void truth.runHead('r').then(run => (isOver = run?.state === 'succeeded'))
    if (!isOver) world.schedule(20, look)
  }
  look()
  if (!(await world.run(60_000, () => isOver))) throw new Error(`the run of ${lanes.length} lanes did not end`)
  const tasks = lanes.length + 1
  const claims = claimsOf(supervisors)
  const rested = restCallsPerMs * (world.nowMs - before.atMs)
  return {
    tasks,
    callsPerTask: (calls.count - before.calls - rested) / tasks,
    messagesPerTask: (network.sent.messages - before.messages) / tasks,
    bytesPerTask: (network.sent.bytes - before.bytes) / tasks,
    triesPerClaim: (claims.tried - before.tried) / Math.max(1, claims.won - before.won),
  }
}

function claimsOf(supervisors: readonly Supervisor[]): { tried: number; won: number } {
  const sum = (pick: 'tried' | 'won'): number =>
    supervisors.reduce((total, { claimStatistics }) => total + claimStatistics[pick], 0)
  return { tried: sum('tried'), won: sum('won') }
}

function makePeer(
  name: string,
  { world, network, ledger }: { world: World; network: ModelNetwork; ledger: Ledger },
): Supervisor {
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
      random: seededRandom(Number(name.slice('peer-'.length))),
      log: silentLog,
      bundleFile: async hash => hash,
      scratchOf: () => '/nowhere',
      removeScratch: async () => {},
      output: () => {},
    },
    { name, host: name, pid: 1, version: '0', queues: ['task'], capacity: 1, labels: {}, timing: LAN_TIMING },
  )
}

/** Answers after a while, and counts. Peers are on hosts of their own. */
function distant(ledger: Ledger, world: World, calls: { count: number; sessionReads: number }): Ledger {
  return new Proxy(ledger, {
    get(target, name: keyof Ledger) {
      if (name === 'traits') return { ...target.traits, oneHost: false, provesDeath: false, handsOnWaiting: false }
      const value = target[name]
      if (typeof value !== 'function') return value
      return async (...args: unknown[]): Promise<unknown> => {
        calls.count += 1
        if (name === 'sessionBeats') calls.sessionReads += 1
        await world.clock.sleep(LEDGER_DELAY_MS)
        const answer = await (value as (...all: unknown[]) => Promise<unknown>).apply(target, args)
        await world.clock.sleep(LEDGER_DELAY_MS)
        return answer
      }
    },
  })
}
