/**
 * A peer across its incarnations, with somebody (systemd, a person) who starts it again. Each incarnation is a real supervisor on a
 * process, a ledger line and a mesh of its own.
 */
import { silentLog, type Log, type LogFacts } from '../../src/core/log.ts'
import type { Claim } from '../../src/lease/records.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { Supervisor } from '../../src/supervisor/supervisor.ts'
import type { Timing } from '../../src/supervisor/timing.ts'
import type { Draw } from './draw.ts'
import { makeFaultyLedger } from './faulty-ledger.ts'
import { type SimMesh, makeSimMesh } from './sim-network.ts'
import { SimPool } from './sim-pool.ts'
import { SimProcess } from './sim-process.ts'
import type { Surroundings } from './surroundings.ts'

export interface PeerOptions {
  name: string
  queues: string[]
  capacity: number
  timing: Timing
  rate: number
  wallSkewMs: number
}

interface Incarnation {
  process: SimProcess
  supervisor: Supervisor
  mesh: SimMesh
  /** It registered and works. */
  isUp: boolean
  isLeaving: boolean
}

/** After a SIGTERM it is not waited for longer than this, at most: a second one follows. */
const PATIENCE_MS = 60_000

export class SimPeer {
  readonly options: PeerOptions
  current: Incarnation | null = null
  /** Nobody starts it again. */
  retired = false
  readonly #around: Surroundings
  readonly #draw: Draw
  readonly #foretold: Draw
  #incarnations = 0

  /** `foretold`: draws of its own for what is told beforehand. */
  constructor(around: Surroundings, { draw, foretold }: { draw: Draw; foretold: Draw }, options: PeerOptions) {
    this.#around = around
    this.#draw = draw
    this.#foretold = foretold
    this.options = options
  }

  /** Its process when it is there and works. */
  get process(): SimProcess | null {
    return this.current === null || this.current.process.isDead ? null : this.current.process
  }

  get isUp(): boolean {
    return this.process !== null && this.current?.isUp === true
  }

  start(): void {
    if (this.retired || this.process !== null) return
    const incarnation = this.#make(this.options.name)
    this.current = incarnation
    incarnation.process.onDeath(() => this.#gone(incarnation))
    void this.#run(incarnation)
  }

  crash(): void {
    this.process?.die()
  }

  /** SIGTERM (`drain`) or a second one (`stop`). */
  leave(kind: 'drain' | 'stop'): void {
    const { current } = this
    if (current === null || current.process.isDead || !current.isUp) return
    current.isLeaving = true
    if (kind === 'drain') this.#around.world.schedule(this.#draw.between(0, PATIENCE_MS), () => this.#leaveNow(current))
    current.process.enter(() => {
      const { supervisor } = current
      this.#around.world.tell(`${current.process.name} is asked to ${kind}`)
      const left = kind === 'drain' ? supervisor.drain() : supervisor.stop()
      left.then(
        () => this.#left(current),
        error => this.#around.world.violate('stop', `${current.process.name} could not ${kind}: ${String(error)}`),
      )
    })
  }

  #takeDown(incarnation: Incarnation): void {
    // The mesh of a twin was never started.
    if (this.current !== incarnation) return incarnation.process.die()
    if (incarnation.isLeaving) return
    incarnation.isLeaving = true
    incarnation.supervisor.stop().then(
      () => this.#left(incarnation),
      error => this.#around.world.violate('stop', `${incarnation.process.name} could not stop: ${String(error)}`),
    )
  }

  #leaveNow(incarnation: Incarnation): void {
    if (this.current === incarnation) this.leave('stop')
  }

  /** A second process with the same identity. */
  startTwin(): void {
    if (this.process === null) return
    const twin = this.#make(this.options.name)
    twin.process.listens = false
    this.#around.world.tell(`${twin.process.name} is a twin`)
    void this.#runTwin(twin)
  }

  async #runTwin(twin: Incarnation): Promise<void> {
    try {
      await twin.supervisor.start()
    } catch {
      return twin.process.die()
    }
    // The first one had died meanwhile, as far as the ledger knows: the twin is the peer now, until it is ended.
    twin.isUp = true
    this.#around.world.schedule(this.#draw.between(1000, 20_000), () => twin.process.die())
  }

  async #run(incarnation: Incarnation): Promise<void> {
    const { process, supervisor, mesh } = incarnation
    await mesh.start()
    try {
      await supervisor.start()
      incarnation.isUp = true
      this.#around.world.tell(`${process.name} is up as ${supervisor.session.slice(0, 6)}`)
    } catch (error) {
      this.#around.world.tell(`${process.name} could not start: ${String(error)}`)
      process.die()
    }
  }

  #make(peer: string): Incarnation {
    const { world, trueLedger, weather, bus, sessions, onSession } = this.#around
    const { queues, capacity, timing, rate, wallSkewMs, name } = this.options
    const { bodies, burialEvidence, history, scriptOf, payloads } = this.#around
    const draw = this.#draw.fork()
    const foretold = this.#foretold.fork()
    const process = new SimProcess(world, `${name}.${++this.#incarnations}`, draw, { rate, wallSkewMs })
    const raw = makeFaultyLedger({
      ledger: trueLedger,
      process,
      weather,
      draw,
      foretold,
      onCall: (call, args) => {
        history.called(process, call, args)
        burialEvidence.called(process, call, args)
        if (call === 'storeWrite') bodies.asks('write to the store', claimIn(args))
        if (call === 'startDag') bodies.asks('start a DAG', claimIn(args))
      },
      onAnswer: (call, args, result) => {
        history.answered(process, call, args, result)
        burialEvidence.answered(process, call, args)
      },
    })
    const ledger = this.#around.wrapLedger(
      registering(raw, id => sessions.set(id, process)),
      process,
    )
    const mesh = makeSimMesh(bus, peer, trueLedger.incarnation, process)
    const supervisor = new Supervisor(
      {
        ledger,
        mesh,
        payloads: payloads.storeOf(process),
        workers: new SimPool({ process, bodies, capacity, scriptOf }),
        clock: process.clock,
        random: draw.random,
        log: this.#log(process),
        bundleFile: async hash => hash,
        scratchOf: () => '/nowhere',
        removeScratch: async () => {},
        output: () => {},
        ...this.#around.supervisorParts,
      },
      { name: process.name, host: 'host', pid: 1, version: '0', queues, capacity, labels: {}, timing },
    )
    supervisor.events.on('session:opened', ({ session }) => onSession(session, process))
    const incarnation = { process, supervisor, mesh, isUp: false, isLeaving: false }
    // As `lf node` does: a peer that cannot go on, or that was sent away, is taken down.
    supervisor.events.on('gave-up', () => this.#takeDown(incarnation))
    return incarnation
  }

  #log(process: SimProcess): Log {
    const { world } = this.#around
    const line = (message: string, facts: LogFacts = {}) => {
      const why = facts['error'] instanceof Error ? ` (${facts['error'].message})` : ''
      world.tell(`${process.name} says: ${message}${why}`)
    }
    return { ...silentLog, warn: line, error: line }
  }

  /** It left in good order: nothing of it may go on. */
  async #left({ process, mesh }: Incarnation): Promise<void> {
    const { world, bodies } = this.#around
    world.tell(`${process.name} has left`)
    if (bodies.of(process).length > 0) world.violate('leak', `${process.name} left while it runs tasks`)
    await mesh.stop()
    if (process.pendingTimers > 0 && !process.isDead) {
      world.violate('leak', `${process.name} left ${process.pendingTimers} timers behind`)
    }
    process.die()
  }

  #gone({ process, mesh }: Incarnation): void {
    const { world, restartMs } = this.#around
    world.tell(`${process.name} is gone`)
    void mesh.stop()
    if (!this.retired) world.schedule(restartMs(), () => this.start())
  }
}

/** Of a call that carries one. */
function claimIn([given]: readonly unknown[]): Claim {
  const held = given as Claim | { claim: Claim }
  return 'claim' in held ? held.claim : held
}

/** Notes whose session it is when the call leaves: a process may die before it hears that it has one. */
function registering(ledger: Ledger, note: (session: string) => void): Ledger {
  return new Proxy(ledger, {
    get(target, name: keyof Ledger) {
      if (name !== 'openSession') return target[name]
      return (session: { id: string }) => {
        note(session.id)
        return (target.openSession as (given: unknown) => unknown)(session)
      }
    },
  })
}
