/**
 * The addresses that others are told. libp2p's own list leaves out public addresses until a stranger confirms them; laboratories use
 * public address space inside, so we take what is listened on.
 */
import { multiaddr } from '@multiformats/multiaddr'

export interface AddrSources {
  /** Named by the operator: then nothing else is told. */
  announce: readonly string[]
  /** Listened on, one per interface. */
  listening: readonly string[]
  peer: string
}

/** With `/p2p/<peer>` at the end of each. Loopback addresses only when there are no others: elsewhere they mean another host. */
export function announcedAddrs({ announce, listening, peer }: AddrSources): string[] {
  const reachable = listening.filter(addr => !isLoopback(addr))
  const inside = reachable.length > 0 ? reachable : listening
  return (announce.length > 0 ? announce : inside).map(addr => withPeer(addr, peer))
}

/** The peer id at the end of an address, if it has one. */
export function peerOf(addr: string): string | undefined {
  return multiaddr(addr)
    .getComponents()
    .findLast(({ name }) => name === 'p2p')?.value
}

function withPeer(addr: string, peer: string): string {
  return peerOf(addr) === undefined ? `${addr}/p2p/${peer}` : addr
}

function isLoopback(addr: string): boolean {
  return /^\/ip4\/127\.|^\/ip6\/::1\//.test(addr)
}
