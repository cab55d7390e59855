/**
 * A mesh in one process, from one seed: real supervisors over the real ledger transactions, with virtual time, a bad network, a bad
 * line to the ledger and processes that die, freeze and come back. The same options give the same story, event by event.
 */
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { SupervisorParts } from '../../src/supervisor/supervisor-parts.ts'
import type { UndoLog } from '../../src/ledger/memory/undo-log.ts'
import type { Timing } from '../../src/supervisor/timing.ts'
import { Bodies } from './bodies.ts'
import { Checker } from './checker.ts'
import { Draw } from './draw.ts'
import type { LedgerWeather } from './faulty-ledger.ts'
import { FinalChecks, scriptOf } from './final-checks.ts'
import { History } from './history.ts'
import { IncidentDirector } from './incidents.ts'
import { LivenessPhase } from './liveness-phase.ts'
import type { SimOptions } from './options.ts'
import type { RecordingTables } from './recording-tables.ts'
import { makeBus } from './sim-network.ts'
import { SimPayloads } from './sim-payloads.ts'
import { SimPeer } from './sim-peer.ts'
import type { SimProcess } from './sim-process.ts'
import type { Surroundings } from './surroundings.ts'
import { makeTrueLedger, type OperationOverrides } from './true-ledger.ts'
import { makeWorkload, type RunScript } from './workload.ts'
import { World } from './world.ts'

/** A guard taken out, at one of the seams. */
export interface Removal {
  operations?: OperationOverrides
  makeTables?: (undo: UndoLog) => RecordingTables
  wrapLedger?: (ledger: Ledger, process: SimProcess) => Ledger
  supervisorParts?: Partial<SupervisorParts>
  timing?: Partial<Timing>
  /** Replaces a method while the simulation runs; returns what puts it back. */
  patch?: () => () => void
}

export interface SimulationSummary {
  virtualMs: number
  events: number
  calls: number
  bodies: number
  burials: number
  takeovers: number
  refusedTakeoversMs: readonly number[]
  claims: number
  claimsTried: number
  /** Of those tried; the ones that were handed on are not among them. */
  claimsWon: number
  completions: number
  /** Times that a payload could not be had. */
  losses: number
  remakes: number
}

/** Draws of their own, so that seeds without lost payloads stay what they were. */
const PAYLOAD_DRAWS = 1_000_000_000
/** Those about what begins early. */
const EARLY_DRAWS = 2_000_000_000
/** An operator looks at lost tasks this often. */
const OPERATOR_EVERY_MS = 3000

export class Simulation {
  readonly world: World
  readonly peers: SimPeer[]
  readonly tables: RecordingTables
  readonly weather: LedgerWeather
  readonly options: SimOptions
  readonly #draw: Draw
  readonly #earlyDraw: Draw
  readonly #around: Surroundings
  readonly #runs: RunScript[]
  readonly #incidents: IncidentDirector
  readonly #checker: Checker
  #restartsMaxMs: number

  constructor(options: SimOptions, removal: Removal = {}, verbose: ((line: string) => void) | null = null) {
    const draw = new Draw(options.seed)
    const world = new World(verbose)
    this.options = options
    this.world = world
    this.#draw = draw
    this.#earlyDraw = new Draw(options.seed + EARLY_DRAWS)
    this.#restartsMaxMs = draw.pick([500, 5000, 30_000])
    this.weather = { faults: options.ledger, downSinceMs: null, longOutageEndMs: 0, calls: 0 }
    const sessions = new Map<string, SimProcess>()
    const walledOff = new Set<SimProcess>()
    const isGone = (session: string) => sessions.get(session)?.isDead ?? false
    const maxRate = 1 + options.clockError
    this.#checker = new Checker({
      world,
      tables: () => this.tables,
      maxRate,
      minRate: 1 - options.clockError,
      isGone,
      resumedAtMs: session => sessions.get(session)?.resumedAtMs ?? Number.NEGATIVE_INFINITY,
      diedAtMs: session => sessions.get(session)?.diedAtMs ?? null,
      isWalledOff: session => {
        // The wall refuses in the name of the identity, whichever of its processes is meant.
        const target = sessions.get(session)
        return target?.listens === false || Array.from(walledOff).some(({ identity }) => identity === target?.identity)
      },
      weather: this.weather,
      baseTtlMs: options.timing.ttlMs,
      sameTtls: options.ttlFactors.every(factor => factor === 1),
    })
    const { ledger, tables } = makeTrueLedger({
      world,
      provesDeath: options.provesDeath,
      isGone,
      overrides: removal.operations,
      makeTables: removal.makeTables,
      losesCommit: () => this.#earlyDraw.chance(this.weather.faults.lostCommits),
      onCommit: (name, args, changes) => this.#checker.committed(name, args, changes),
    })
    this.tables = tables
    this.#runs = makeWorkload(draw.fork(), options.workload)
    const evicted = new Set<string>()
    this.#around = {
      world,
      trueLedger: ledger,
      tables,
      weather: this.weather,
      bus: makeBus(world, draw.fork(), options.gossip ? options.network : { ...options.network, loss: 1 }),
      bodies: new Bodies(world, tables, evicted),
      history: new History(world, tables),
      burialEvidence: this.#checker.evidence,
      payloads: new SimPayloads(new Draw(options.seed + PAYLOAD_DRAWS), options.payloads),
      sessions,
      walledOff,
      onSession: (session, process) => sessions.set(session, process),
      scriptOf: job => scriptOf(this.#runOf(job.context.runId), job.blueprint, job.task),
      restartMs: () => draw.between(100, this.#restartsMaxMs),
      wrapLedger: removal.wrapLedger ?? (given => given),
      supervisorParts: removal.supervisorParts ?? {},
    }
    this.peers = options.capacity.map((_, index) => this.#makePeer(index, removal.timing ?? {}))
    const parts = { around: this.#around, peers: this.peers, tables, evicted, draw: draw.fork(), options }
    this.#incidents = new IncidentDirector(parts)
  }

  /** The whole story; afterwards `world.violation` tells how it went. */
  async run(): Promise<SimulationSummary> {
    const { options, world } = this
    this.#schedule()
    this.#incidents.start()
    await world.run(options.faultsForMs)
    if (options.mode === 'liveness' && world.violation === null) await this.#demandProgress()
    if (world.violation === null) this.#finalChecks()
    return this.#summary()
  }

  #makePeer(index: number, timing: Partial<Timing>): SimPeer {
    const { clockError, wallSkewMs, capacity, queues, ttlFactors } = this.options
    const draw = this.#draw.fork()
    const factor = ttlFactors[index] ?? 1
    const { ttlMs, selfFenceMs, beatMs, sweepMs, sweepMaxMs, killGraceMs } = this.options.timing
    const haste = Math.min(1, factor)
    const paced = {
      beatMs: beatMs * haste,
      sweepMs: sweepMs * haste,
      sweepMaxMs: sweepMaxMs * haste,
      killGraceMs: killGraceMs * haste,
    }
    const scaled = { ...this.options.timing, ...paced, ttlMs: ttlMs * factor, selfFenceMs: selfFenceMs * factor }
    return new SimPeer(
      this.#around,
      { draw, foretold: this.#earlyDraw.fork() },
      {
        name: `peer${index}`,
        queues: queues[index] ?? ['task'],
        capacity: capacity[index] ?? 1,
        timing: { ...scaled, ...timing },
        rate: 1 + draw.between(-clockError, clockError),
        wallSkewMs: draw.between(-wallSkewMs, wallSkewMs),
      },
    )
  }

  #schedule(): void {
    const { world, options } = this
    for (const peer of this.peers) world.schedule(this.#draw.between(0, options.startSpreadMs), () => peer.start())
    for (const run of this.#runs) {
      world.schedule(run.submitAtMs, () => void this.#submit(run))
      if (run.stopAtMs !== null) world.schedule(run.stopAtMs + 1, () => this.#stopRun(run.id))
    }
    this.#operate()
  }

  async #submit({ id, dags }: RunScript): Promise<void> {
    const plan = { name: 'simulated', description: '', dags, options: [] }
    const origin = {
      bundle: 'b'.repeat(64),
      args: {},
      submittedBy: 'operator',
      keepData: true,
      priority: 0,
      queue: null,
    }
    await this.#around.trueLedger.submit({ id, plan, ...origin })
  }

  #stopRun(id: string): void {
    const stop = { reason: 'stopped' as const, by: 'operator', at: this.world.nowMs, error: null }
    void this.#around.trueLedger.stopRun(id, stop)
  }

  /** Lost tasks wait for a person, who decides. */
  #operate(): void {
    this.world.schedule(OPERATOR_EVERY_MS, () => {
      for (const run of this.#runs) {
        for (const { id, state } of this.tables.tasks(run.id)) {
          if (state !== 'lost') continue
          const decision = this.#draw.chance(0.7) ? 'run-again' : 'give-up'
          if (decision === 'run-again') this.#around.bodies.noteResolved(id)
          void this.#around.trueLedger.resolve(id, decision, 'operator')
        }
      }
      this.#operate()
    })
  }

  #runOf(id: string): RunScript {
    const run = this.#runs.find(run => run.id === id)
    if (run === undefined) throw new Error(`no run ${id}`)
    return run
  }

  async #demandProgress(): Promise<void> {
    this.#incidents.end()
    this.#restartsMaxMs = 1000
    const { peers, tables, options } = this
    const parts = { around: this.#around, peers, runs: this.#runs, tables, options, draw: this.#draw }
    await new LivenessPhase(parts).run()
  }

  #finalChecks(): void {
    this.#around.history.checkAcknowledged()
    const checks = new FinalChecks(this.world, this.tables)
    for (const run of this.#runs) checks.check(run)
  }

  #summary(): SimulationSummary {
    const { world, weather } = this
    const { burials, takeovers, refusedTakeoversMs, claims, remakes } = this.#checker
    const { claimsTried, claimsWon, completions } = this.#around.history
    const bodies = this.#around.bodies.started
    const { events } = world
    return {
      virtualMs: world.ageMs,
      events,
      calls: weather.calls,
      bodies,
      burials,
      takeovers,
      refusedTakeoversMs,
      claims,
      claimsTried,
      claimsWon,
      completions,
      losses: this.#around.payloads.losses,
      remakes,
    }
  }
}
