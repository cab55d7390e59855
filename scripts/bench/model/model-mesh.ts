/** The mesh of the model: everybody hears everybody a few milliseconds later, and what is sent is weighed. Nothing is lost. */
import type { Clock } from '../../../src/core/clock.ts'
import { EventHub } from '../../../src/core/events.ts'
import { HintOutbox } from '../../../src/mesh/hint-outbox.ts'
import type { DialVerdict, Member, Mesh, MeshEvents, MeshMetrics } from '../../../src/mesh/mesh.ts'
import type { Hint } from '../../../protocols/hints.ts'

export interface Weighed {
  messages: number
  bytes: number
}

export class ModelNetwork {
  readonly peers = new Map<string, ModelMesh>()
  readonly sent: Weighed = { messages: 0, bytes: 0 }
  readonly clock: Clock
  readonly delayMs: number

  constructor(clock: Clock, delayMs: number) {
    this.clock = clock
    this.delayMs = delayMs
  }

  /** Takes from its outbox what these bytes say: every receiver would decode the same. */
  send(from: ModelMesh, bytes: Uint8Array, hints: readonly Hint[]): void {
    this.sent.messages += 1
    this.sent.bytes += bytes.byteLength
    this.clock.timer(this.delayMs, () => {
      for (const mesh of this.peers.values()) if (mesh !== from) mesh.hear(from, hints)
    })
  }

  /** The same to one of them. */
  sendTo(from: ModelMesh, to: string, bytes: Uint8Array, hints: readonly Hint[]): void {
    this.sent.messages += 1
    this.sent.bytes += bytes.byteLength
    this.clock.timer(this.delayMs, () => this.peers.get(to)?.hear(from, hints))
  }
}

export class ModelMesh implements Mesh {
  readonly peer: string
  readonly #network: ModelNetwork
  readonly #hub = new EventHub<MeshEvents>(error => {
    throw error
  })
  readonly #outbox: HintOutbox
  #waiting: Hint[] = []
  #session = ''

  constructor(peer: string, network: ModelNetwork, incarnation: string) {
    this.peer = peer
    this.#network = network
    const send = (bytes: Uint8Array): void => network.send(this, bytes, this.#waiting.splice(0))
    this.#outbox = new HintOutbox({ clock: network.clock, incarnation, send })
  }

  on<Kind extends keyof MeshEvents>(kind: Kind, listener: (event: MeshEvents[Kind]) => void): () => void {
    return this.#hub.on(kind, listener)
  }

  publish(hint: Hint): void {
    this.#waiting.push(hint)
    this.#outbox.add(hint)
  }

  tell(peer: string, hints: readonly Hint[]): void {
    for (const message of this.#outbox.toMessages(hints)) this.#network.sendTo(this, peer, message, hints)
  }

  hear(from: ModelMesh, hints: readonly Hint[]): void {
    for (const hint of hints) this.#hub.emit('hint', { hint, from: from.peer, session: from.#session })
  }

  useSession(session: string): void {
    this.#session = session
    this.#outbox.useSession(session)
  }

  async start(): Promise<void> {
    this.#network.peers.set(this.peer, this)
  }

  async stop(): Promise<void> {
    await this.#outbox.close()
    this.#network.peers.delete(this.peer)
  }

  connected(): string[] {
    return Array.from(this.#network.peers.keys()).filter(peer => peer !== this.peer)
  }

  addrs(): string[] {
    return ['/ip4/10.0.0.1/tcp/4001']
  }

  setMembers(_members: readonly Member[]): void {}
  async provide(): Promise<void> {}
  async *findProviders(): AsyncGenerator<string> {}

  async probe(): Promise<DialVerdict> {
    return 'answers'
  }

  metrics(): MeshMetrics {
    const none = { hintsReceived: 0, hintsRefused: 0, hintsDropped: 0, publishedToNobody: 0, foreignPeers: 0 }
    return { ...none, hintsPublished: this.#outbox.published, connections: this.#network.peers.size - 1 }
  }
}
