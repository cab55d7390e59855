/**
 * Looks after the connections, every second: cuts those that are open but useless or silent (the dial loop makes new ones), and tells
 * of foreign peers. Owned by the mesh; one timer, cancelled by `stop`.
 */
import type { Clock, Timer } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import { ForeignPeers, type ForeignPeer } from './foreign-peers.ts'
import type { GossipChannel } from './gossip-channel.ts'
import { GossipWatchdog, type WatchdogOptions } from './gossip-watchdog.ts'
import type { Links } from './links.ts'
import { Pulse } from './pulse.ts'

const LOOK_EVERY_MS = 1000

export interface UpkeepOptions {
  clock: Clock
  log: Log
  watchdog: WatchdogOptions
  links: Pick<Links, 'open' | 'has' | 'peers' | 'speaksGossip' | 'cut'>
  /** Undefined when gossip is switched off. */
  channel: Pick<GossipChannel, 'reaches'> | undefined
  isMember: (peer: string) => boolean
  ping: (peer: string, signal: AbortSignal) => Promise<unknown>
  onForeign: (foreign: ForeignPeer) => void
}

export class Upkeep {
  readonly #options: UpkeepOptions
  readonly #foreign = new ForeignPeers()
  readonly #watchdog: GossipWatchdog
  readonly #pulse: Pulse
  #timer: Timer | undefined

  constructor(options: UpkeepOptions) {
    const { clock, watchdog, ping } = options
    this.#options = options
    this.#watchdog = new GossipWatchdog(watchdog)
    this.#pulse = new Pulse({ clock, ping, onSilent: peer => this.#cut(peer, 'does not answer') })
  }

  start(): void {
    this.#timer = this.#options.clock.timer(LOOK_EVERY_MS, () => {
      this.#look()
      this.start()
    })
  }

  stop(): void {
    this.#timer?.cancel()
    this.#pulse.stop()
  }

  /** A peer that is no member was seen on the network; true for the first time. */
  strangerSeen(stranger: ForeignPeer): boolean {
    return this.#foreign.seen(stranger, this.#options.clock.monotonicMs())
  }

  /** Forgets peers that left. */
  forget(peers: readonly string[]): void {
    this.#watchdog.forget(peers)
  }

  #look(): void {
    const { clock, links, isMember, onForeign } = this.#options
    const nowMs = clock.monotonicMs()
    const open = links.open()
    const useless = new Set(Array.from(open).filter(peer => !this.#isUseful(peer)))
    for (const peer of this.#watchdog.check(nowMs, useless, known => open.has(known) && !useless.has(known))) {
      this.#cut(peer, 'is open but useless')
    }
    for (const foreign of this.#foreign.settled(nowMs, isMember)) onForeign(foreign)
    this.#pulse.tick(nowMs, links.peers())
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
