/**
 * The mesh without a network: peers of one process on a {@link MemoryBus}. It is a real one (batches, checks and refuses as the libp2p
 * mesh does) and serves `runLocal`, tests and simulations. Owns no authority and no connection to anything outside the process.
 */
import type { Clock } from '../../core/clock.ts'
import { EventHub } from '../../core/events.ts'
import { type Log, silentLog } from '../../core/log.ts'
import type { Hint } from '../../../protocols/hints.ts'
import { HintInbox } from '../hint-inbox.ts'
import { HintOutbox } from '../hint-outbox.ts'
import { Members } from '../members.ts'
import { MAX_PROVIDERS_FOUND } from '../mesh-limits.ts'
import type { DialVerdict, Member, Mesh, MeshEvents, MeshMetrics } from '../mesh.ts'
import { ProviderRecords } from '../provider-records.ts'
import type { BusPeer, MemoryBus } from './memory-bus.ts'

const HASH_PATTERN = /^[0-9a-f]{64}$/

export interface MemoryMeshOptions {
  bus: MemoryBus
  /** Own peer id. */
  peer: string
  /** Incarnation of the ledger: peers of another one are foreign. */
  incarnation: string
  clock: Clock
  log?: Log
  /** False: hints are neither sent nor received, links still work. */
  gossip?: boolean
}

export class MemoryMesh implements Mesh {
  readonly peer: string
  readonly #bus: MemoryBus
  readonly #gossip: boolean
  readonly #hub: EventHub<MeshEvents>
  readonly #members: Members
  readonly #inbox: HintInbox
  readonly #outbox: HintOutbox
  readonly #connected = new Set<string>()
  readonly #foreign = new Set<string>()
  readonly #providers = new ProviderRecords<true>()
  readonly #onBus: BusPeer
  #publishedToNobody = 0
  #running = false

  constructor({ bus, peer, incarnation, clock, log = silentLog, gossip = true }: MemoryMeshOptions) {
    this.peer = peer
    this.#bus = bus
    this.#gossip = gossip
    this.#hub = new EventHub(error => log.error('A listener of the mesh failed.', { error }))
    this.#members = new Members({ self: peer, clock, onUnknown: unknown => this.#hub.emit('unknown', unknown) })
    this.#inbox = new HintInbox({
      clock,
      incarnation,
      members: this.#members,
      onHint: received => this.#hub.emit('hint', received),
    })
    this.#outbox = new HintOutbox({ clock, incarnation, send: message => this.#send(message) })
    this.#onBus = this.#toBusPeer(incarnation)
  }

  on<Kind extends keyof MeshEvents>(kind: Kind, listener: (event: MeshEvents[Kind]) => void): () => void {
    return this.#hub.on(kind, listener)
  }

  addrs(): string[] {
    return [`/memory/${this.peer}`]
  }

  connected(): string[] {
    return Array.from(this.#connected)
  }

  setMembers(members: readonly Member[]): void {
    this.#inbox.forget(this.#members.set(members))
    if (this.#running) this.#bus.relink()
  }

  async probe(peer: string): Promise<DialVerdict> {
    return this.#running ? this.#bus.probe(this.peer, peer) : 'unreachable'
  }

  publish(hint: Hint): void {
    if (this.#gossip) this.#outbox.add(hint)
  }

  tell(peer: string, hints: readonly Hint[]): void {
    if (!this.#gossip || !this.#running) return
    for (const message of this.#outbox.toMessages(hints)) this.#bus.sendTo(this.peer, peer, message)
  }

  async provide(hash: string): Promise<void> {
    if (!this.#running || !HASH_PATTERN.test(hash)) return
    this.#providers.set(hash, this.peer, true)
    this.#bus.tellProvider(this.peer, hash)
  }

  async *findProviders(hash: string, signal: AbortSignal): AsyncGenerator<string> {
    if (!this.#running || signal.aborted) return
    const told = new Set<string>()
    for await (const peer of this.#rumours(hash, signal)) {
      if (told.has(peer) || !this.#members.has(peer)) continue
      told.add(peer)
      yield peer
      if (told.size >= MAX_PROVIDERS_FOUND) return
    }
  }

  metrics(): MeshMetrics {
    return {
      hintsPublished: this.#outbox.published,
      hintsReceived: this.#inbox.received,
      hintsRefused: this.#inbox.refused,
      hintsDropped: this.#outbox.dropped,
      publishedToNobody: this.#publishedToNobody,
      connections: this.#connected.size,
      foreignPeers: this.#foreign.size,
    }
  }

  useSession(session: string): void {
    this.#outbox.useSession(session)
  }

  async start(): Promise<void> {
    this.#running = true
    this.#bus.attach(this.#onBus)
  }

  async stop(): Promise<void> {
    this.#members.close()
    if (!this.#running) return
    await this.#outbox.close()
    this.#running = false
    this.#connected.clear()
    this.#bus.detach(this.#onBus)
  }

  /** Who holds a payload, as this peer and the linked ones know it. */
  async *#rumours(hash: string, signal: AbortSignal): AsyncGenerator<string> {
    yield* this.#knownProviders(hash)
    yield* this.#bus.askProviders(this.peer, hash, signal)
  }

  #knownProviders(hash: string): string[] {
    return this.#providers.holders(hash).map(([peer]) => peer)
  }

  #send(message: Uint8Array): void {
    const reached = this.#running ? this.#bus.send(this.peer, message) : 0
    if (reached === 0) this.#publishedToNobody++
  }

  #toBusPeer(incarnation: string): BusPeer {
    return {
      peer: this.peer,
      incarnation,
      dials: peer => this.#members.has(peer),
      admits: peer => this.#members.admits(peer),
      linked: peer => this.#linked(peer),
      unlinked: peer => {
        if (this.#connected.delete(peer)) this.#hub.emit('disconnected', peer)
      },
      foreignSeen: peer => this.#foreignSeen(peer),
      received: (from, bytes) => {
        if (this.#running && this.#gossip) this.#inbox.take(from, bytes)
      },
      providerTold: (from, hash) => this.#providers.set(hash, from, true),
      providersOf: hash => this.#knownProviders(hash),
    }
  }

  #linked(peer: string): void {
    if (!this.#running || this.#connected.has(peer)) return
    this.#connected.add(peer)
    this.#hub.emit('connected', peer)
  }

  #foreignSeen(peer: string): void {
    if (!this.#running || this.#foreign.has(peer)) return
    this.#foreign.add(peer)
    this.#hub.emit('foreign', { peer, addrs: [`/memory/${peer}`] })
  }
}
