/**
 * Looks after the connections, every second: cuts those that are open but useless or silent (the dial loop makes new ones), has the
 * members looked for that are missing, and tells of foreign peers. Owned by the mesh; one timer, cancelled by `stop`.
 */
import type { Clock, Timer } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import { ForeignPeers, type ForeignPeer } from './foreign-peers.ts'
import type { GossipChannel } from './gossip-channel.ts'
import { GossipWatchdog, type WatchdogOptions } from './gossip-watchdog.ts'
import type { Links } from './links.ts'
import type { PeerFinder } from './peer-finder.ts'
import { Pulse } from './pulse.ts'

const LOOK_EVERY_MS = 1000
/** A look that comes this much later than it should: this process has no time, and others may have answered without being heard. */
const LATE_MS = 250

export interface UpkeepOptions {
  clock: Clock
  log: Log
  watchdog: WatchdogOptions
  links: Pick<Links, 'open' | 'has' | 'peers' | 'speaksGossip' | 'cut'>
  /** Undefined when gossip is switched off. */
  channel: Pick<GossipChannel, 'reaches'> | undefined
  finder: Pick<PeerFinder, 'tick' | 'stop'>
  isMember: (peer: string) => boolean
  /** Peer ids of all members. */
  members: () => readonly string[]
  /** It was dialled in vain, or is dialled just now, or nobody has said where it is. */
  isOutOfReach: (peer: string) => boolean
  /** Shows a peer that this one is alive. */
  beat: (peer: string) => void
  onForeign: (foreign: ForeignPeer) => void
}

export class Upkeep {
  readonly #options: UpkeepOptions
  readonly #foreign = new ForeignPeers()
  readonly #watchdog: GossipWatchdog
  readonly #pulse: Pulse
  #timer: Timer | undefined
  #lookedAtMs: number | undefined

  constructor(options: UpkeepOptions) {
    const { watchdog, beat } = options
    this.#options = options
    this.#watchdog = new GossipWatchdog(watchdog)
    this.#pulse = new Pulse({ beat, onSilent: peer => this.#cut(peer, 'does not answer') })
  }

  start(): void {
    this.#timer = this.#options.clock.timer(LOOK_EVERY_MS, () => {
      this.#look()
      this.start()
    })
  }

  stop(): void {
    this.#timer?.cancel()
    this.#options.finder.stop()
  }

  /** A peer that is no member was seen on the network; true for the first time. */
  strangerSeen(stranger: ForeignPeer): boolean {
    return this.#foreign.seen(stranger, this.#options.clock.monotonicMs())
  }

  /** A beat of this peer arrived. */
  heard(peer: string): void {
    this.#pulse.heard(peer)
  }

  /** Forgets peers that left. */
  forget(peers: readonly string[]): void {
    this.#watchdog.forget(peers)
    this.#foreign.wereMembers(peers)
  }

  /** Foreign peers that are there now. */
  get foreignPeers(): number {
    return this.#foreign.count(this.#options.clock.monotonicMs())
  }

  #look(): void {
    const { clock, links, finder, isMember, members, isOutOfReach, onForeign } = this.#options
    const nowMs = clock.monotonicMs()
    const sinceMs = nowMs - (this.#lookedAtMs ?? nowMs)
    this.#lookedAtMs = nowMs
    // Judging others while we are slow ourselves would cut good connections, and making them anew would make us slower still.
    if (sinceMs > LOOK_EVERY_MS + LATE_MS) return this.#watchdog.forgive(sinceMs)
    const open = links.open()
    const useless = new Set(Array.from(open).filter(peer => !this.#isUseful(peer)))
    for (const peer of this.#watchdog.check(nowMs, useless, known => open.has(known) && !useless.has(known))) {
      this.#cut(peer, 'is open but useless')
    }
    for (const foreign of this.#foreign.settled(nowMs, isMember)) onForeign(foreign)
    const connected = links.peers()
    this.#pulse.tick(nowMs, connected)
    // With nobody connected there is nobody to ask. Who is about to dial us, or waits for its turn to be dialled, is not missed: each search
    // asks everybody, and where twenty peers start together they would do little else.
    if (connected.length === 0) return
    finder.tick(
      nowMs,
      members().filter(peer => !links.has(peer) && isOutOfReach(peer)),
    )
  }

  #isUseful(peer: string): boolean {
    const { links, channel } = this.#options
    if (!links.has(peer)) return false
    return channel === undefined || !links.speaksGossip(peer) || channel.reaches(peer)
  }

  #cut(peer: string, why: string): void {
    this.#options.log.debug(`A connection ${why}; it is made anew.`, { peer })
    this.#options.links.cut(peer, `the connection ${why}`)
  }
}
