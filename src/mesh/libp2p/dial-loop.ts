/**
 * Dials for ever: every member, and every address given to join, until there is a connection; and again after each cut. libp2p dials
 * nobody by itself, dials a bootstrap address once and forgets a lost peer after half a minute (G11, G12). Owned by the mesh, which
 * tells it who the members are and what became of the connections.
 */
import type { Clock, Timer } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { Random } from '../../core/random.ts'
import { MAX_ADDRS_PER_PEER } from '../mesh-limits.ts'
import type { Member } from '../mesh.ts'
import { peerOf } from './announced-addrs.ts'
import { DialPlan, type DialTarget } from './dial-plan.ts'
import { hasFirstTurn } from './dial-turn.ts'

export interface DialPacing {
  /** Delay after the first failed dial of a peer; doubles up to `maxDelayMs`. */
  firstDelayMs: number
  /** Longest time between two dials of a peer that does not answer. */
  maxDelayMs: number
  /** Head start, at least, of a peer that has the first turn to dial; at most twice this. */
  headStartMs: number
}

/** For peers of one host or one LAN. The head start is time enough for a handshake on a machine on which twenty peers start. */
export const LOCAL_PACING: DialPacing = { firstDelayMs: 100, maxDelayMs: 2000, headStartMs: 3000 }

export interface DialLoopOptions {
  /** Own peer id. */
  self: string
  clock: Clock
  random: Random
  log: Log
  /** Addresses given by the operator, with or without the peer id at the end. */
  join: readonly string[]
  pacing: DialPacing
  /** True for an address at which this peer itself listens: operators give the same list of addresses to all peers. */
  isOwn: (addr: string) => boolean
  /** True when this peer (id) is connected and has introduced itself. */
  isConnected: (peer: string) => boolean
  /** Opens a connection to one of the addresses; returns the id of the peer that was found there. Throws when there is none. */
  dial: (addrs: readonly string[]) => Promise<string>
}

export class DialLoop {
  readonly #options: DialLoopOptions
  readonly #plan: DialPlan
  readonly #seenAddrs = new Map<string, readonly string[]>()
  /** Who was found behind an address that names no peer. */
  readonly #foundAt = new Map<string, string>()
  #members: readonly Member[] = []
  /** What the ledger says of this peer itself. */
  #self: Member | undefined
  #timer: Timer | undefined
  #running = false

  constructor(options: DialLoopOptions) {
    this.#options = options
    this.#plan = new DialPlan({ ...options.pacing, random: options.random })
  }

  start(): void {
    this.#running = true
    this.#retarget()
  }

  /** Dials that are under way end with the connections of their owner. */
  stop(): void {
    this.#running = false
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** With this peer itself, once the ledger knows it. */
  setMembers(members: readonly Member[]): void {
    const { self } = this.#options
    this.#members = members.filter(({ peer }) => peer !== self)
    this.#self = members.find(({ peer }) => peer === self)
    const peers = new Set(this.#members.map(({ peer }) => peer))
    for (const peer of this.#seenAddrs.keys()) if (!peers.has(peer)) this.#seenAddrs.delete(peer)
    this.#retarget()
  }

  /** A member was seen at these addresses on the network, beside those that it registered. */
  seen(peer: string, addrs: readonly string[]): void {
    const before = this.#seenAddrs.get(peer) ?? []
    if (addrs.every(addr => before.includes(addr))) return
    // Told by several sources, each with its own list: the newest first, so that a peer that moves is found.
    const all = [...new Set([...addrs, ...before])].slice(0, MAX_ADDRS_PER_PEER)
    this.#seenAddrs.set(peer, all)
    this.#retarget()
  }

  /** Dialling this member has not led to a connection, so far, or nobody has said where to dial it. */
  isOutOfReach(peer: string): boolean {
    return this.#plan.isTried(peer) || !this.#plan.isTarget(peer)
  }

  connected(peer: string): void {
    this.#plan.connected(peer)
  }

  disconnected(peer: string): void {
    this.#plan.disconnected(peer, this.#options.clock.monotonicMs())
    this.#wake()
  }

  #retarget(): void {
    const targets = [...this.#members.flatMap(member => this.#toTarget(member)), ...this.#joinTargets()]
    this.#plan.setTargets(targets, this.#options.clock.monotonicMs())
    this.#wake()
  }

  /** Nothing while no address is known: that peer dials us, or `peer-finder.ts` finds out where it is, and asks ever more seldom. */
  #toTarget(member: Member): DialTarget[] {
    const { peer, addrs } = member
    const join = this.#options.join.filter(addr => peerOf(addr) === peer)
    const all = new Set([...addrs, ...join, ...(this.#seenAddrs.get(peer) ?? [])].map(addr => withPeer(addr, peer)))
    if (all.size === 0) return []
    const waits = !hasFirstTurn(this.#self, member)
    return [{ key: peer, addrs: Array.from(all).slice(0, MAX_ADDRS_PER_PEER), waits }]
  }

  /** Addresses that name a peer, or that a member tells as its own, are dialled with that peer, once it is a member. */
  #joinTargets(): DialTarget[] {
    const { join, isOwn } = this.#options
    const told = new Set(this.#members.flatMap(({ addrs }) => addrs.map(withoutPeer)))
    const nameless = join.filter(addr => peerOf(addr) === undefined && !isOwn(addr) && !told.has(addr))
    return nameless.map(addr => ({ key: addr, addrs: [addr], waits: false }))
  }

  #isConnected = (key: string): boolean => this.#options.isConnected(this.#foundAt.get(key) ?? key)

  #wake(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (!this.#running) return
    const nowMs = this.#options.clock.monotonicMs()
    for (const target of this.#plan.start(nowMs, this.#isConnected)) void this.#dial(target)
    const dueMs = this.#plan.nextDueMs(this.#isConnected)
    if (dueMs === undefined) return
    // Due already, but as many dials as allowed are under way: the end of one wakes us.
    if (dueMs > nowMs) this.#timer = this.#options.clock.timer(dueMs - nowMs, () => this.#wake())
  }

  async #dial({ key, addrs }: DialTarget): Promise<void> {
    const { log, clock } = this.#options
    try {
      const peer = await this.#options.dial(addrs)
      if (peer !== key) this.#foundAt.set(key, peer)
    } catch (error) {
      log.debug('A dial failed; it will be tried again.', { to: key, error })
    }
    this.#plan.ended(key, clock.monotonicMs())
    this.#wake()
  }
}

function withPeer(addr: string, peer: string): string {
  return addr.includes('/p2p/') ? addr : `${addr}/p2p/${peer}`
}

function withoutPeer(addr: string): string {
  return addr.replace(/\/p2p\/[^/]+$/, '')
}
