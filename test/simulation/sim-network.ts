/** Gossip over a bad network: the real memory mesh on a bus whose messages are late, lost, doubled and out of order. */
import type { Clock } from '../../src/core/clock.ts'
import type { Hint } from '../../protocols/hints.ts'
import { MemoryBus } from '../../src/mesh/memory/memory-bus.ts'
import { MemoryMesh } from '../../src/mesh/memory/memory-mesh.ts'
import type { DialVerdict, Member, Mesh, MeshEvents } from '../../src/mesh/mesh.ts'
import type { Draw } from './draw.ts'
import type { SimProcess } from './sim-process.ts'
import type { World } from './world.ts'

export interface NetworkFaults {
  loss: number
  delayMs: number
  duplicates: number
}

export function makeBus(world: World, draw: Draw, { loss, delayMs, duplicates }: NetworkFaults): MemoryBus {
  const clock: Clock = {
    ...world.clock,
    timer(leastMs, run) {
      const events = [world.schedule(leastMs + draw.between(0, delayMs), run)]
      if (draw.chance(duplicates)) events.push(world.schedule(leastMs + draw.between(0, 20 * delayMs), run))
      return { cancel: () => events.forEach(event => event.cancel()) }
    },
  }
  const bus = new MemoryBus({ clock, random: draw.random })
  bus.lose(loss)
  return bus
}

/** The mesh of one process: what it hears waits while the process stands still and is lost when it is dead. */
export function makeSimMesh(bus: MemoryBus, peer: string, incarnation: string, process: SimProcess): SimMesh {
  return new SimMesh(new MemoryMesh({ bus, peer, incarnation, clock: process.clock }), process)
}

export class SimMesh implements Mesh {
  readonly #mesh: MemoryMesh
  readonly #process: SimProcess
  readonly #hintListeners = new Set<(event: MeshEvents['hint']) => void>()

  constructor(mesh: MemoryMesh, process: SimProcess) {
    this.#mesh = mesh
    this.#process = process
  }

  get peer(): string {
    return this.#mesh.peer
  }

  on<Kind extends keyof MeshEvents>(kind: Kind, listener: (event: MeshEvents[Kind]) => void): () => void {
    const gated = (event: MeshEvents[Kind]) => this.#process.enter(() => listener(event))
    const asHint = gated as (event: MeshEvents['hint']) => void
    if (kind === 'hint') this.#hintListeners.add(asHint)
    const off = this.#mesh.on(kind, gated)
    return () => {
      this.#hintListeners.delete(asHint)
      off()
    }
  }

  /** A hint that nobody sent: a replay, a forgery, a fault. */
  forge(hint: Hint, from: string, session: string): void {
    for (const listener of this.#hintListeners) listener({ hint, from, session })
  }

  probe(peer: string): Promise<DialVerdict> {
    return new Promise(resolve => {
      void this.#mesh.probe(peer).then(verdict => this.#process.enter(() => resolve(verdict)))
    })
  }

  publish(hint: Hint): void {
    if (!this.#process.isDead) this.#mesh.publish(hint)
  }

  tell(peer: string, hints: readonly Hint[]): void {
    if (!this.#process.isDead) this.#mesh.tell(peer, hints)
  }

  async provide(hash: string): Promise<void> {
    if (!this.#process.isDead) await this.#mesh.provide(hash)
  }

  findProviders(hash: string, signal: AbortSignal): AsyncIterable<string> {
    return this.#mesh.findProviders(hash, signal)
  }

  addrs(): string[] {
    return this.#mesh.addrs()
  }

  connected(): string[] {
    return this.#mesh.connected()
  }

  setMembers(members: readonly Member[]): void {
    if (!this.#process.isDead) this.#mesh.setMembers(members)
  }

  metrics() {
    return this.#mesh.metrics()
  }

  start(): Promise<void> {
    return this.#mesh.start()
  }

  stop(): Promise<void> {
    return this.#mesh.stop()
  }

  useSession(session: string): void {
    this.#mesh.useSession(session)
  }
}
