/** Things that happen to processes, machines and networks while a simulation lasts, at random moments. */
import type { Hint } from '../../protocols/hints.ts'
import type { Draw } from './draw.ts'
import type { LedgerWeather } from './faulty-ledger.ts'
import type { Incidents, SimOptions } from './options.ts'
import type { SimPeer } from './sim-peer.ts'
import type { Surroundings } from './surroundings.ts'
import type { RecordingTables } from './recording-tables.ts'

/** An observer that could not read for half a TTL must count anew, however slow its clock. */
export function endOutage(weather: LedgerWeather, nowMs: number, ttlMs: number): void {
  const sinceMs = weather.downSinceMs
  weather.downSinceMs = null
  if (sinceMs !== null && nowMs - sinceMs > ttlMs / 2) weather.longOutageEndMs = nowMs
}

export interface IncidentParts {
  around: Surroundings
  peers: readonly SimPeer[]
  tables: RecordingTables
  evicted: Set<string>
  draw: Draw
  options: SimOptions
}

export class IncidentDirector {
  readonly #parts: IncidentParts
  #isOver = false

  constructor(parts: IncidentParts) {
    this.#parts = parts
  }

  start(): void {
    for (const [kind, everyMs] of Object.entries(this.#parts.options.incidents) as [keyof Incidents, number][]) {
      if (everyMs > 0) this.#repeat(kind, everyMs)
    }
  }

  /** Nothing new happens. What goes on (an outage, a partition) is ended by its own timer. */
  end(): void {
    this.#isOver = true
  }

  #repeat(kind: keyof Incidents, everyMs: number): void {
    const { around, draw } = this.#parts
    around.world.schedule(draw.between(0, 2 * everyMs), () => {
      if (this.#isOver) return
      this.#strike[kind]()
      this.#repeat(kind, everyMs)
    })
  }

  #peer(): SimPeer {
    return this.#parts.draw.pick(this.#parts.peers)
  }

  #hold(kind: 'stopped' | 'stalled', suspend = false): void {
    const { around, draw, options } = this.#parts
    const { process } = this.#peer()
    if (process === null) return
    const forMs = draw.between(0, kind === 'stalled' ? options.timing.ttlMs : 3 * options.timing.ttlMs)
    around.world.tell(`${process.name} is ${suspend ? 'suspended' : kind} for ${forMs.toFixed(0)} ms`)
    process.hold(kind, forMs, suspend)
  }

  readonly #strike: Record<keyof Incidents, () => void> = {
    crash: () => this.#peer().crash(),
    crashAtAwait: () => {
      const { process } = this.#peer()
      if (process !== null) process.crashAfterCalls = this.#parts.draw.int(1, 20)
    },
    stop: () => this.#hold('stopped'),
    stall: () => this.#hold('stalled'),
    suspend: () => this.#hold('stopped', true),
    drain: () => this.#peer().leave('drain'),
    leave: () => this.#peer().leave('stop'),
    rolling: () => {
      for (const [index, peer] of this.#parts.peers.entries()) {
        this.#parts.around.world.schedule(index * 2000, () => peer.leave('drain'))
      }
    },
    twin: () => this.#peer().startTwin(),
    evict: () => this.#bury('evicted'),
    outage: () => {
      const { around, draw, options } = this.#parts
      const forMs = draw.between(0, options.maxOutageMs)
      around.world.tell(`the ledger is down for ${forMs.toFixed(0)} ms`)
      around.weather.downSinceMs ??= around.world.nowMs
      around.world.schedule(forMs, () => endOutage(around.weather, around.world.nowMs, options.timing.ttlMs))
    },
    misburial: () => this.#bury('silence'),
    mute: () => this.#mute(),
    cutOff: () => this.#cutOff(),
    partition: () => this.#partition(),
    refusal: () => this.#refuse(),
    forgedHint: () => this.#forge(),
  }

  /** Somebody buries a session that may well be alive. */
  #bury(proof: 'evicted' | 'silence'): void {
    const { around, tables, evicted, draw } = this.#parts
    const session = draw.pickOrNone(tables.openSessions())
    if (session === undefined) return
    const process = around.sessions.get(session.id)
    if (process !== undefined) evicted.add(process.name)
    void around.trueLedger.bury(session.id, session.beat, proof, 'operator')
  }

  #mute(): void {
    const { around, draw, options } = this.#parts
    const { process } = this.#peer()
    if (process === null) return
    const forMs = draw.between(0, 3 * options.timing.ttlMs)
    around.world.tell(`${process.name} cannot send beats for ${forMs.toFixed(0)} ms`)
    process.isMute = true
    around.world.schedule(forMs, () => (process.isMute = false))
  }

  /** Some peers, often all but one, cannot reach the ledger. */
  #cutOff(): void {
    const { around, draw, peers, options } = this.#parts
    const count = draw.chance(0.4) ? peers.length - 1 : draw.int(1, peers.length)
    const forMs = draw.between(0, 3 * options.timing.ttlMs)
    for (const { process } of draw.shuffle(peers).slice(0, count)) {
      if (process === null) continue
      around.world.tell(`${process.name} is cut off from the ledger for ${forMs.toFixed(0)} ms`)
      process.cutFromLedger = true
      around.world.schedule(forMs, () => (process.cutFromLedger = false))
    }
  }

  /** Gossip only: one group of peers loses the other. */
  #partition(): void {
    const { around, draw, peers, options } = this.#parts
    const names = draw.shuffle(peers.map(({ options }) => options.name))
    const split = draw.int(1, Math.max(1, names.length - 1))
    const pairs = names
      .slice(0, split)
      .flatMap(one => names.slice(split).map((other): [string, string] => [one, other]))
    for (const [one, other] of pairs) around.bus.cut(one, other)
    around.world.schedule(draw.between(0, 3 * options.timing.ttlMs), () => {
      for (const [one, other] of pairs) around.bus.heal(one, other)
    })
  }

  /** A firewall refuses in a live peer's name, and may keep the peer from the ledger too. */
  #refuse(): void {
    const { around, draw, options, evicted } = this.#parts
    const peer = this.#peer()
    const { process } = peer
    if (process === null) return
    const forMs = draw.between(0, 2 * options.timing.ttlMs)
    const isCutOff = draw.chance(0.5)
    around.world.tell(
      `${process.name} is walled off for ${forMs.toFixed(0)} ms${isCutOff ? ', also from the ledger' : ''}`,
    )
    evicted.add(process.name)
    around.walledOff.add(process)
    around.bus.refuse(peer.options.name)
    if (isCutOff) process.cutFromLedger = true
    around.world.schedule(forMs, () => {
      around.bus.accept(peer.options.name)
      if (isCutOff) process.cutFromLedger = false
    })
  }

  #forge(): void {
    const { draw, tables, around } = this.#parts
    const target = this.#peer().current
    const session = draw.pickOrNone(tables.openSessions())
    if (target === null || session === undefined || target.process.isDead) return
    const run = draw.pickOrNone(tables.runs({ limit: 10 }))
    const task = run && draw.pickOrNone(tables.tasks(run.id))
    const hints: Hint[] = [
      { kind: 'members' },
      { kind: 'buried', session: session.id },
      { kind: 'load', busy: draw.int(0, 9), capacity: draw.int(1, 9), draining: draw.chance(0.2) },
      { kind: 'ready', queue: '*', run: run?.id ?? 'none', count: 1 },
      { kind: 'claimed', task: task?.id ?? 'none', epoch: draw.int(0, 5) },
      { kind: 'ended', run: run?.id ?? 'none', dag: task?.dag ?? null },
      { kind: 'stopping', run: run?.id ?? 'none' },
    ]
    around.world.tell(`${target.process.name} hears a forged hint`)
    target.mesh.forge(draw.pick(hints), session.peer, session.id)
  }
}
