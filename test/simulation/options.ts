/** What a seed stands for: each seed draws a subset of the faults (swarm testing), so that rare combinations are met too. */
import type { Effect } from '../../src/workflow/plan.ts'
import { LOCAL_TIMING, type Timing } from '../../src/supervisor/timing.ts'
import { Draw } from './draw.ts'
import { type LedgerFaults, NO_LEDGER_FAULTS } from './faulty-ledger.ts'
import type { NetworkFaults } from './sim-network.ts'
import { NO_PAYLOAD_FAULTS, type PayloadFaults } from './sim-payloads.ts'
import type { WorkloadOptions } from './workload.ts'

export type Mode = 'safety' | 'liveness'

/** Faults of processes and of the surroundings, each about every so many milliseconds; 0 = never. */
export interface Incidents {
  crash: number
  crashAtAwait: number
  stop: number
  stall: number
  suspend: number
  drain: number
  leave: number
  rolling: number
  twin: number
  evict: number
  /** A live peer is buried as if it were dead. */
  misburial: number
  outage: number
  /** Beats have a connection of their own: only that one fails. */
  mute: number
  cutOff: number
  partition: number
  /** Somebody refuses all connections in the name of a live peer. */
  refusal: number
  forgedHint: number
}

export interface SimOptions {
  seed: number
  mode: Mode
  peers: number
  capacity: number[]
  queues: string[][]
  timing: Timing
  /** TTL and self-fence of some peers differ from the others' by this factor. */
  ttlFactors: number[]
  provesDeath: boolean
  clockError: number
  wallSkewMs: number
  startSpreadMs: number
  gossip: boolean
  network: NetworkFaults
  ledger: LedgerFaults
  incidents: Incidents
  maxOutageMs: number
  payloads: PayloadFaults
  workload: WorkloadOptions
  /** No peer is broken for good when the liveness phase begins. */
  everybodyStays: boolean
  /** What hangs goes on hanging then. */
  hangsStay: boolean
  /** Every run must have ended this long after the faults were frozen, whatever there is to do. */
  maxBoundMs: number
  /** Faults go on for this long; the liveness mode then demands that everything ends. */
  faultsForMs: number
}

/** For ledgers on the network: slower beats and sweeps, as mesh-wide deployments use. */
const SLOW_TIMING: Timing = {
  ...LOCAL_TIMING,
  beatMs: 2000,
  selfFenceMs: 10_000,
  ttlMs: 15_000,
  sweepMs: 2000,
  quietFactor: 1.5,
  rankDelayMs: 30,
}

const NO_INCIDENTS: Incidents = {
  crash: 0,
  crashAtAwait: 0,
  stop: 0,
  stall: 0,
  suspend: 0,
  drain: 0,
  leave: 0,
  rolling: 0,
  twin: 0,
  evict: 0,
  misburial: 0,
  outage: 0,
  mute: 0,
  cutOff: 0,
  partition: 0,
  refusal: 0,
  forgedHint: 0,
}

/** Shares in which a fault is part of a seed, and how often it then strikes. */
const INCIDENT_CHANCE = 0.25

export function drawOptions(seed: number, mode: Mode): SimOptions {
  const draw = new Draw(seed * 2 + (mode === 'safety' ? 0 : 1))
  const peers = draw.chance(0.15) ? 1 : draw.chance(0.6) ? draw.int(2, 4) : draw.int(5, 10)
  const timing = draw.chance(0.7) ? LOCAL_TIMING : SLOW_TIMING
  const faultsForMs = draw.between(15, 60) * 1000
  const queues = drawQueues(draw, peers)
  const options: SimOptions = {
    seed,
    mode,
    peers,
    capacity: Array.from({ length: peers }, () => draw.int(1, 3)),
    queues,
    timing,
    ttlFactors: Array.from({ length: peers }, () => (draw.chance(0.1) ? draw.pick([0.3, 1.5, 3]) : 1)),
    provesDeath: draw.chance(0.5),
    clockError: draw.chance(0.5) ? 0.2 : 0,
    wallSkewMs: draw.chance(0.2) ? 60_000 : 0,
    startSpreadMs: draw.chance(0.3) ? 0 : draw.between(0, 10_000),
    gossip: !draw.chance(0.1),
    network: drawNetwork(draw),
    ledger: drawLedger(draw, timing),
    incidents: drawIncidents(draw, faultsForMs),
    maxOutageMs: draw.pick([0.3, 1, 2.5]) * timing.ttlMs,
    workload: drawWorkload(draw, faultsForMs, queues, peers),
    everybodyStays: false,
    hangsStay: false,
    maxBoundMs: Number.POSITIVE_INFINITY,
    faultsForMs,
    // From here on in the order of their coming: older seeds stay what they were but for this.
    payloads: drawPayloads(draw),
  }
  return { ...options, ledger: { ...options.ledger, lostCommits: draw.chance(0.3) ? draw.between(0.02, 0.2) : 0 } }
}

/** The same mesh and the same work, and nothing goes wrong. */
export function calm(options: SimOptions): SimOptions {
  return {
    ...options,
    clockError: 0,
    gossip: true,
    network: { loss: 0, delayMs: 3, duplicates: 0 },
    ledger: { ...NO_LEDGER_FAULTS, latencyMs: 3 },
    incidents: NO_INCIDENTS,
    workload: { ...options.workload, poison: false, tinyTasks: 0 },
    payloads: NO_PAYLOAD_FAULTS,
  }
}

/** Some peers lack a queue, but each queue is served by somebody. */
function drawQueues(draw: Draw, peers: number): string[][] {
  if (peers === 1 || draw.chance(0.7)) return Array.from({ length: peers }, () => ['task'])
  return Array.from({ length: peers }, (_, index) => {
    if (index === 0) return ['task', 'other']
    return draw.pick([['task'], ['task', 'other'], ['other']])
  })
}

function drawNetwork(draw: Draw): NetworkFaults {
  return {
    loss: draw.pick([0, 0, 0.1, 0.5, 1]),
    delayMs: draw.pick([3, 3, 30, 500]),
    duplicates: draw.pick([0, 0, 0.2]),
  }
}

function drawLedger(draw: Draw, { ttlMs }: Timing): LedgerFaults {
  const some = (share: number) => (draw.chance(0.3) ? draw.between(0.2, 1) * share : 0)
  return {
    ...NO_LEDGER_FAULTS,
    latencyMs: draw.pick([1, 3, 20]),
    spikes: some(0.02),
    spikeMs: draw.pick([0.1, 1, 2]) * ttlMs,
    appliedUnknown: some(0.1),
    notAppliedUnknown: some(0.1),
    appliedLate: some(0.05),
    lateMs: draw.pick([0.1, 1, 2]) * ttlMs,
    hangs: some(0.02),
    hangMs: draw.pick([0.2, 2]) * ttlMs,
    staleReads: some(0.3),
    staleMs: 3000,
    staleMisses: draw.chance(0.15) ? 0.05 : 0,
  }
}

function drawPayloads(draw: Draw): PayloadFaults {
  if (draw.chance(0.5)) return NO_PAYLOAD_FAULTS
  return { scattered: draw.pick([0.3, 1]), lostDisks: draw.pick([0, 0.3, 1]), pullMs: draw.pick([10, 500, 5000]) }
}

function drawIncidents(draw: Draw, faultsForMs: number): Incidents {
  const often = () => (draw.chance(INCIDENT_CHANCE) ? faultsForMs / draw.between(1, 6) : 0)
  const incidents = { ...NO_INCIDENTS }
  for (const kind of Object.keys(incidents) as (keyof Incidents)[]) incidents[kind] = often()
  return incidents
}

function drawWorkload(draw: Draw, faultsForMs: number, queues: string[][], peers: number): WorkloadOptions {
  const effects: Effect[] = draw.pick([
    ['idempotent'],
    ['pure'],
    ['pure', 'idempotent', 'exclusive'],
    ['exclusive', 'idempotent'],
  ])
  return {
    runs: draw.int(1, 3),
    queues: [...new Set(queues.flat())],
    spreadMs: faultsForMs * 0.7,
    maxTasks: draw.pick([3, 8, 15]),
    maxDurationMs: draw.pick([100, 2000, 8000]),
    effects,
    failures: draw.chance(0.4),
    timeouts: draw.chance(0.2),
    limits: draw.chance(0.4),
    nests: draw.chance(0.4),
    stops: draw.chance(0.2),
    poison: peers > 1 && draw.chance(0.1),
    stubborn: draw.chance(0.3),
    hangs: draw.chance(0.3),
    tinyTasks: draw.chance(0.25) ? draw.int(10, 80) : 0,
  }
}
