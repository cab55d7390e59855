/**
 * Who is connected. A peer counts from the moment it has introduced itself (libp2p's identify), because one that turns us away lets
 * the connection open first. Owns the listeners on the node; the mesh starts and stops it.
 */
import type { Connection, IdentifyResult, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Members } from '../members.ts'
import type { MeshNode } from './libp2p-options.ts'

export interface LinksOptions {
  node: Pick<MeshNode, 'dial' | 'getConnections' | 'peerStore' | 'addEventListener' | 'removeEventListener'>
  members: Pick<Members, 'has'>
  onConnected: (peer: string) => void
  onDisconnected: (peer: string) => void
}

/** Gossip protocols start with this: a peer that names none has gossip switched off. */
const GOSSIP_PREFIX = '/meshsub/'

export class Links {
  readonly #options: LinksOptions
  /** Peers that introduced themselves, and whether they speak gossip. */
  readonly #introduced = new Map<string, boolean>()

  constructor(options: LinksOptions) {
    this.#options = options
  }

  start(): void {
    this.#options.node.addEventListener('peer:identify', this.#onIdentify)
    this.#options.node.addEventListener('peer:disconnect', this.#onDisconnect)
  }

  stop(): void {
    this.#options.node.removeEventListener('peer:identify', this.#onIdentify)
    this.#options.node.removeEventListener('peer:disconnect', this.#onDisconnect)
    this.#introduced.clear()
  }

  /** Peers that are connected and have introduced themselves. */
  peers(): string[] {
    return Array.from(this.#introduced.keys())
  }

  has(peer: string): boolean {
    return this.#introduced.has(peer)
  }

  speaksGossip(peer: string): boolean {
    return this.#introduced.get(peer) ?? false
  }

  /** Peers with an open connection, introduced or not. */
  open(): Set<string> {
    return new Set(this.#options.node.getConnections().map(({ remotePeer }) => remotePeer.toString()))
  }

  /** Opens a connection, or finds an open one; returns the peer id. Throws when no address leads to a member. */
  async dial(addrs: readonly string[]): Promise<string> {
    const connection = await this.#options.node.dial(addrs.flatMap(readAddr))
    return connection.remotePeer.toString()
  }

  /** Closes all connections to a peer at once, with all streams on them. */
  cut(peer: string, reason: string): void {
    for (const connection of this.#options.node.getConnections(peerIdFromString(peer))) abort(connection, reason)
  }

  /** Closes the connections to everybody who is no member any more, and forgets where those that left (peer ids) were. */
  forget(gone: readonly string[]): void {
    for (const connection of this.#options.node.getConnections()) {
      if (!this.#options.members.has(connection.remotePeer.toString())) abort(connection, 'no member any more')
    }
    for (const peer of gone) void this.#forgetAddrs(peer)
  }

  async #forgetAddrs(peer: string): Promise<void> {
    try {
      await this.#options.node.peerStore.delete(peerIdFromString(peer))
    } catch {
      // Not a peer id, or never met: there is nothing to forget.
    }
  }

  #onIdentify = ({ detail }: CustomEvent<IdentifyResult>): void => {
    const peer = detail.peerId.toString()
    if (detail.connection.status !== 'open' || !this.#options.members.has(peer)) return
    const isNew = !this.#introduced.has(peer)
    this.#introduced.set(
      peer,
      detail.protocols.some(protocol => protocol.startsWith(GOSSIP_PREFIX)),
    )
    if (isNew) this.#options.onConnected(peer)
  }

  #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    const peer = detail.toString()
    if (this.#introduced.delete(peer)) this.#options.onDisconnected(peer)
  }
}

function abort(connection: Connection, reason: string): void {
  connection.abort(new Error(reason))
}

/** Nothing for an address that cannot be read: the others are tried. */
function readAddr(addr: string): Multiaddr[] {
  try {
    return [multiaddr(addr)]
  } catch {
    return []
  }
}
