/**
 * A fresh dial that asks one thing: does anybody listen there? A plain TCP connection, opened and closed: a libp2p dial would be answered
 * from an open connection. The operating system of a frozen process still accepts; one without a listener refuses. Owned by the mesh.
 */
import { connect } from 'node:net'
import type { DialVerdict } from '../mesh.ts'

/** A host on the same network says no within a few milliseconds; who says nothing for this long is not asked any longer. */
const PROBE_TIMEOUT_MS = 1000
/** A peer with more addresses is judged by the first ones. */
const MAX_ADDRS_PROBED = 8
const REFUSALS = ['ECONNREFUSED', 'ECONNRESET']

export type ConnectOutcome = 'answered' | 'refused' | 'silent'

export class DialProbe {
  readonly #dial: (host: string, port: number) => Promise<ConnectOutcome>
  /** Addresses that answered a probe before, by peer: of the others a refusal proves nothing (NAT, a peer that only dials out). */
  readonly #answered = new Map<string, Set<string>>()

  constructor(dial = dialTcp) {
    this.#dial = dial
  }

  async probe(peer: string, addrs: readonly string[]): Promise<DialVerdict> {
    const targets = reachableFromAfar(addrs.flatMap(readTarget)).slice(0, MAX_ADDRS_PROBED)
    const before = this.#answered.get(peer) ?? new Set()
    const outcomes = await Promise.all(
      targets.map(async ({ host, port }) => ({ key: `${host} ${port}`, outcome: await this.#dial(host, port) })),
    )
    const answering = outcomes.filter(({ outcome }) => outcome === 'answered').map(({ key }) => key)
    if (answering.length > 0) {
      this.#answered.set(peer, new Set([...before, ...answering]))
      return 'answers'
    }
    const known = outcomes.filter(({ key }) => before.has(key))
    return known.length > 0 && known.every(({ outcome }) => outcome === 'refused') ? 'refused' : 'unreachable'
  }

  forget(peers: readonly string[]): void {
    for (const peer of peers) this.#answered.delete(peer)
  }
}

interface Target {
  host: string
  port: number
}

/** Nothing for an address that is not plain TCP. */
function readTarget(addr: string): Target[] {
  const match = /^\/(?:ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(\d+)(?:\/p2p\/[^/]+)?$/.exec(addr)
  return match?.[1] === undefined ? [] : [{ host: match[1], port: Number(match[2]) }]
}

/** The loopback addresses of a peer on another host are those of somebody else here. */
function reachableFromAfar(targets: readonly Target[]): readonly Target[] {
  const others = targets.filter(({ host }) => !host.startsWith('127.') && host !== '::1')
  return others.length > 0 ? others : targets
}

function dialTcp(host: string, port: number): Promise<ConnectOutcome> {
  return new Promise(resolve => {
    const socket = connect({ host, port, timeout: PROBE_TIMEOUT_MS })
    const end = (outcome: ConnectOutcome) => {
      socket.destroy()
      resolve(outcome)
    }
    socket.once('connect', () => end('answered'))
    socket.once('timeout', () => end('silent'))
    // Later errors of a socket that is being destroyed have nobody to tell.
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end(REFUSALS.includes(error.code ?? '') ? 'refused' : 'silent'),
    )
  })
}
