/**
 * The second half of a liveness run: a core of peers and the ledger are healthy from now on, the other faults end or stay for good. What
 * transient faults hide shows now: every run must end within a bound, and every peer must be able to leave.
 */
import type { Draw } from './draw.ts'
import { NO_LEDGER_FAULTS } from './faulty-ledger.ts'
import { scriptOf } from './final-checks.ts'
import { endOutage } from './incidents.ts'
import type { SimOptions } from './options.ts'
import type { RecordingTables } from './recording-tables.ts'
import type { SimPeer } from './sim-peer.ts'
import type { Surroundings } from './surroundings.ts'
import type { RunScript } from './workload.ts'

export interface LivenessParts {
  around: Surroundings
  peers: readonly SimPeer[]
  runs: readonly RunScript[]
  tables: RecordingTables
  options: SimOptions
  draw: Draw
}

export class LivenessPhase {
  readonly #parts: LivenessParts

  constructor(parts: LivenessParts) {
    this.#parts = parts
  }

  /** From now on a core of peers is healthy; every run must end. */
  async run(): Promise<void> {
    this.#freezeFaults()
    const boundMs = Math.min(this.#boundMs(), this.#parts.options.maxBoundMs)
    const ended = await this.#parts.around.world.run(boundMs, () => this.#allEnded())
    if (this.#parts.around.world.violation !== null) return
    if (!ended) return this.#parts.around.world.violate('L1', `after ${boundMs.toFixed(0)} ms: ${this.#openTasks()}`)
    await this.#leaveAll()
  }

  #freezeFaults(): void {
    const { around, options, draw, peers } = this.#parts
    const { world, weather } = around
    world.tell('--- the faults are frozen')
    endOutage(weather, world.nowMs, options.timing.ttlMs)
    const { latencyMs, appliedUnknown, notAppliedUnknown } = weather.faults
    const stays = draw.chance(0.3) ? { appliedUnknown, notAppliedUnknown } : {}
    weather.faults = { ...NO_LEDGER_FAULTS, latencyMs, ...stays }
    if (draw.chance(0.3)) around.bus.lose(1)
    if (!options.hangsStay) {
      world.mayHang = false
      for (const peer of this.#hung()) peer.crash()
    }
    for (const [index, peer] of peers.entries()) {
      const isCore = index === 0 || options.everybodyStays || draw.chance(0.4)
      if (isCore) this.#heal(peer)
      else this.#breakForGood(peer, draw.pick(['crash', 'stop', 'cut']))
    }
  }

  #heal(peer: SimPeer): void {
    peer.process?.wake()
    if (peer.process !== null) {
      peer.process.cutFromLedger = false
      peer.process.isMute = false
      peer.process.crashAfterCalls = null
    }
    peer.start()
  }

  #breakForGood(peer: SimPeer, how: 'crash' | 'stop' | 'cut'): void {
    peer.retired = true
    const { process } = peer
    if (process === null) return
    this.#parts.around.world.tell(`${process.name} is broken for good: ${how}`)
    if (how === 'crash') process.die()
    if (how === 'stop') process.hold('stopped', Number.MAX_SAFE_INTEGER)
    if (how === 'cut') process.cutFromLedger = true
  }

  #boundMs(): number {
    const ttlMs = this.#parts.options.timing.ttlMs * Math.max(...this.#parts.options.ttlFactors)
    let workMs = 0
    for (const run of this.#parts.runs) {
      for (const { dag, name, backoffMs } of this.#parts.tables.tasks(run.id)) {
        const { durationMs } = scriptOf(run, dag.slice(0, dag.lastIndexOf(':')), name)
        workMs += 5 * durationMs + 8 * backoffMs + 5000
      }
    }
    const untilSubmitted = this.#parts.options.workload.spreadMs + 30_000
    // Every peer may have to be found silent one after the other, and a poisonous task kills three.
    return untilSubmitted + 3 * workMs + (10 + 2 * this.#parts.peers.length) * ttlMs
  }

  #allEnded(): boolean {
    return this.#parts.runs.every(({ id }) => (this.#parts.tables.run(id)?.state ?? 'running') !== 'running')
  }

  #openTasks(): string {
    const open = this.#parts.runs.flatMap(({ id }) => this.#parts.tables.tasks(id))
    const waiting = open.filter(({ state }) => ['ready', 'claimed', 'lost', 'blocked'].includes(state))
    return waiting
      .map(({ id, state, owner }) => `${id} ${state} ${owner?.slice(0, 6) ?? ''}`)
      .slice(0, 5)
      .join(', ')
  }

  /** Peers in which something hangs that only the end of the process ends. */
  #hung(): SimPeer[] {
    const { peers, around } = this.#parts
    return peers.filter(({ process }) => process !== null && around.bodies.of(process).some(({ hung }) => hung))
  }

  /** Peers that are up leave in good order, and nothing of them stays behind. */
  async #leaveAll(): Promise<void> {
    const graceMs = 4 * this.#parts.options.timing.ttlMs
    // A claim that was lost meanwhile has ended its body by now.
    await this.#parts.around.world.run(graceMs)
    const stale = this.#parts.around.bodies
      .superseded()
      .filter(({ process, hung }) => !hung && process.state === 'running' && !process.cutFromLedger)
    if (stale.length > 0)
      this.#parts.around.world.violate('I5', `${stale[0]?.process.name} still runs ${stale[0]?.task} for nobody`)
    for (const peer of this.#hung()) {
      peer.retired = true
      peer.crash()
    }
    const leaving = this.#parts.peers.filter(peer => peer.isUp && !peer.retired)
    for (const peer of leaving) {
      peer.retired = true
      peer.leave(this.#parts.draw.pick(['drain', 'stop']))
    }
    const left = await this.#parts.around.world.run(graceMs, () => leaving.every(({ process }) => process === null))
    if (!left && this.#parts.around.world.violation === null)
      this.#parts.around.world.violate('stop', 'a peer did not leave')
  }
}
