/** What a libp2p mesh can be told, and what it is when it is not told. */
import type { GossipsubOpts } from '@chainsafe/libp2p-gossipsub'
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { Random } from '../../core/random.ts'
import { checkAddr } from './addr-errors.ts'
import { type DialPacing, LOCAL_PACING } from './dial-loop.ts'
import { WATCHDOG_PATIENCE, type WatchdogOptions } from './gossip-watchdog.ts'
import type { Identity } from './identity.ts'
import { DIAL_TIMEOUTS, type DialTimeouts } from './libp2p-options.ts'

export interface Libp2pMeshOptions {
  identity: Identity
  /** Of the ledger; meshes of different ledgers never mix. */
  incarnation: string
  /** Addresses to listen on; by default any free port on all interfaces. */
  listen?: readonly string[]
  /** Addresses that others are told instead of those listened on. */
  announce?: readonly string[]
  /** Addresses to dial beside those of the members, for ever. */
  join?: readonly string[]
  mdns?: boolean
  /** False: hints are neither sent nor received, connections still work. */
  gossip?: boolean
  log: Log
  clock: Clock
  random: Random
  pacing?: DialPacing
  timeouts?: DialTimeouts
  watchdog?: WatchdogOptions
  /** For tests: asked for each message that came in, true loses it. */
  loses?: () => boolean
  /** For tests that show what a setting is for. */
  gossipOverrides?: Partial<GossipsubOpts>
}

const DEFAULT_LISTEN = ['/ip4/0.0.0.0/tcp/0']

/** Throws `LF_MESH_ADDRESS` for an address that cannot be read. */
export function withDefaults(options: Libp2pMeshOptions): Required<Libp2pMeshOptions> {
  const { listen = DEFAULT_LISTEN, announce = [], join = [] } = options
  for (const addr of [...listen, ...announce, ...join]) checkAddr(addr)
  return {
    mdns: true,
    gossip: true,
    pacing: LOCAL_PACING,
    timeouts: DIAL_TIMEOUTS,
    watchdog: WATCHDOG_PATIENCE,
    loses: () => false,
    gossipOverrides: {},
    ...options,
    listen,
    announce,
    join,
  }
}
