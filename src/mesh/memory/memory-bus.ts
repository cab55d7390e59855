/**
 * A network inside one process: which memory meshes are attached, which of them are linked, and what travels between them. Links are
 * made and cut as real ones are: both sides must admit each other, both learn of it a moment later, messages may be lost.
 */
import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import type { DialVerdict } from '../mesh.ts'

/** What the bus needs of an attached mesh. */
export interface BusPeer {
  readonly peer: string
  readonly incarnation: string
  /** True when this peer knows the other one as a member: it then dials it. */
  dials(peer: string): boolean
  /** Asked when the other one dials: true lets it in. */
  admits(peer: string): boolean
  linked(peer: string): void
  unlinked(peer: string): void
  foreignSeen(peer: string): void
  received(from: string, bytes: Uint8Array): void
  /** The other one says that it holds this payload. */
  providerTold(from: string, hash: string): void
  /** Asked by another: peer ids of those that hold this payload, as far as this peer knows. */
  providersOf(hash: string): string[]
}

export interface MemoryBusOptions {
  clock: Clock
  random: Random
  /** How long a message and the news of a link take. */
  latencyMs?: number
}

export class MemoryBus {
  readonly #clock: Clock
  readonly #random: Random
  readonly #latencyMs: number
  readonly #peers = new Map<string, BusPeer>()
  readonly #links = new Set<string>()
  readonly #cuts = new Set<string>()
  readonly #refusing = new Set<string>()
  #lossShare = 0
  readonly #underway: (() => void)[] = []

  constructor({ clock, random, latencyMs = 1 }: MemoryBusOptions) {
    this.#clock = clock
    this.#random = random
    this.#latencyMs = latencyMs
  }

  attach(peer: BusPeer): void {
    this.#peers.set(peer.peer, peer)
    this.relink()
  }

  detach(peer: BusPeer): void {
    this.#peers.delete(peer.peer)
    this.relink(peer)
  }

  /** Share of the messages that get lost from now on: 0 is none, 1 is all. Links stay. */
  lose(share: number): void {
    this.#lossShare = share
  }

  /** Cuts the link between two peers until {@link heal}. */
  cut(peer: string, other: string): void {
    this.#cuts.add(pairOf(peer, other))
    this.relink()
  }

  heal(peer: string, other: string): void {
    this.#cuts.delete(pairOf(peer, other))
    this.relink()
  }

  /** From now on all connections to this peer are refused in its name, and those that are open end, until {@link accept}. */
  refuse(peer: string): void {
    this.#refusing.add(peer)
    this.relink()
  }

  accept(peer: string): void {
    this.#refusing.delete(peer)
    this.relink()
  }

  /** What a dial from one peer to another would meet. */
  async probe(from: string, to: string): Promise<DialVerdict> {
    await this.#clock.sleep(this.#latencyMs)
    if (this.#refusing.has(to)) return 'refused'
    if (this.#cuts.has(pairOf(from, to))) return 'unreachable'
    return this.#peers.has(to) ? 'answers' : 'refused'
  }

  /** Sends to every linked peer; returns how many that are. */
  send(from: string, bytes: Uint8Array): number {
    const receivers = this.#linkedTo(from)
    for (const { peer } of receivers) {
      if (this.#random.float() < this.#lossShare) continue
      this.#later(() => this.#peers.get(peer)?.received(from, bytes))
    }
    return receivers.length
  }

  /** Sends to one peer, when it is linked. */
  sendTo(from: string, to: string, bytes: Uint8Array): void {
    if (!this.#links.has(pairOf(from, to)) || this.#random.float() < this.#lossShare) return
    this.#later(() => this.#peers.get(to)?.received(from, bytes))
  }

  /** Tells every linked peer that `from` holds this payload. */
  tellProvider(from: string, hash: string): void {
    for (const { peer } of this.#linkedTo(from)) {
      if (this.#random.float() < this.#lossShare) continue
      this.#later(() => this.#peers.get(peer)?.providerTold(from, hash))
    }
  }

  /** What the linked peers know about the holders of a payload, each one after the time that a message takes. */
  async *askProviders(from: string, hash: string, signal: AbortSignal): AsyncGenerator<string> {
    for (const peer of this.#linkedTo(from)) {
      await this.#clock.sleep(this.#latencyMs, signal)
      if (signal.aborted) return
      if (this.#random.float() >= this.#lossShare) yield* peer.providersOf(hash)
    }
  }

  /** Makes and cuts links as the peers admit each other now. `gone` was attached until a moment ago. */
  relink(gone?: BusPeer): void {
    const peers = Array.from(this.#peers.values())
    for (const [index, peer] of peers.entries()) {
      for (const other of peers.slice(index + 1)) this.#setLink(peer, other, this.#mayLink(peer, other))
      if (gone !== undefined) this.#setLink(peer, gone, false)
    }
  }

  #linkedTo(from: string): BusPeer[] {
    return Array.from(this.#peers.values()).filter(({ peer }) => this.#links.has(pairOf(from, peer)))
  }

  #mayLink(peer: BusPeer, other: BusPeer): boolean {
    if (peer.incarnation !== other.incarnation) {
      this.#later(() => peer.foreignSeen(other.peer))
      this.#later(() => other.foreignSeen(peer.peer))
      return false
    }
    if (this.#cuts.has(pairOf(peer.peer, other.peer))) return false
    if (this.#refusing.has(peer.peer) || this.#refusing.has(other.peer)) return false
    return [peer, other].some(dialler => {
      const host = dialler === peer ? other : peer
      return dialler.dials(host.peer) && host.admits(dialler.peer)
    })
  }

  #setLink(peer: BusPeer, other: BusPeer, up: boolean): void {
    const pair = pairOf(peer.peer, other.peer)
    if (this.#links.has(pair) === up) return
    if (up) this.#links.add(pair)
    else this.#links.delete(pair)
    for (const [one, two] of [
      [peer, other],
      [other, peer],
    ] as const) {
      this.#later(() => (up ? one.linked(two.peer) : one.unlinked(two.peer)))
    }
  }

  /** In the order in which it was asked for: timers that were set at about the same time may ring in any. */
  #later(run: () => void): void {
    this.#underway.push(run)
    this.#clock.timer(this.#latencyMs, () => this.#underway.shift()?.())
  }
}

function pairOf(peer: string, other: string): string {
  return [peer, other].toSorted().join(' ')
}
