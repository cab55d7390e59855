/**
 * The addresses that the DHT is told. It keeps all of them, private ones too (G18), and it ignores peers that have none; but a peer that
 * nobody can dial is connected all the same, and holds payloads. So it gets an address at which nobody is.
 */
import type { PeerInfo } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'

/** Port 1 of this host: a dial fails at once. */
const PLACEHOLDER = '/ip4/127.0.0.1/tcp/1'

export function dhtAddrs(info: PeerInfo): PeerInfo {
  return info.multiaddrs.length > 0 ? info : { ...info, multiaddrs: [multiaddr(PLACEHOLDER)] }
}

export function isPlaceholder(addr: string): boolean {
  return addr === PLACEHOLDER || addr.startsWith(`${PLACEHOLDER}/`)
}
