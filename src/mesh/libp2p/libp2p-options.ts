/**
 * What this project asks of libp2p: which parts, with which settings, and why where the default would hurt. The names such as G1 are
 * those of the traps in `../traps.md`.
 */
import { gossipsub, type GossipSub, type GossipsubOpts, StrictSign } from '@chainsafe/libp2p-gossipsub'
import { bootstrap } from '@libp2p/bootstrap'
import { identify } from '@libp2p/identify'
import type { ComponentLogger, ConnectionGater, PeerDiscovery, PrivateKey } from '@libp2p/interface'
import { type KadDHT, kadDHT } from '@libp2p/kad-dht'
import { mdns } from '@libp2p/mdns'
import { noise } from '@libp2p/noise'
import { ping, type Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import type { Libp2p } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'
import {
  MAX_CONNECTIONS,
  MAX_DIALS_AT_ONCE,
  MAX_GOSSIP_BUFFER_BYTES,
  MAX_INBOUND_CONNECTIONS_PER_SECOND,
  MAX_PENDING_CONNECTIONS,
  MAX_PINGS_AT_ONCE,
} from '../mesh-limits.ts'
import { peerOf } from './announced-addrs.ts'
import { dhtAddrs } from './dht-addrs.ts'
import { withQuickPing } from './dht-ping.ts'
import { inOnePiece, withRareUpdates } from './fewer-packets.ts'
import { hintTopic, MDNS_SERVICE, protocolId, shortIncarnation } from './mesh-names.ts'

export interface DialTimeouts {
  /** For one address, handshake included: a machine on which twenty peers start at once is slow. */
  addrMs: number
  /** For all addresses of a peer. */
  peerMs: number
}

export const DIAL_TIMEOUTS: DialTimeouts = { addrMs: 20_000, peerMs: 30_000 }

export interface MeshSetup {
  privateKey: PrivateKey
  incarnation: string
  listen: readonly string[]
  announce: readonly string[]
  join: readonly string[]
  mdns: boolean
  gossip: boolean
  gater: ConnectionGater
  datastore: NonNullable<Libp2pOptions['datastore']>
  logger: ComponentLogger
  timeouts: DialTimeouts
  /** Overrides for tests that show what a setting is for. */
  gossipOverrides?: Partial<GossipsubOpts>
}

/** A century. Addresses are replaced when a peer introduces itself, and forgotten when it leaves. */
const ADDRS_NEVER_AGE_MS = 100 * 365 * 24 * 3600 * 1000

export type MeshServices = {
  ping: Ping
  dht: KadDHT
  gossip?: GossipSub
  mdns?: PeerDiscovery
}

export type MeshNode = Libp2p<MeshServices>

export function libp2pOptions(setup: MeshSetup): Libp2pOptions<MeshServices> {
  const { privateKey, listen, announce, gater, datastore, logger, timeouts } = setup
  return {
    start: false,
    privateKey,
    nodeInfo: { name: 'lightflow', userAgent: 'lightflow' },
    addresses: { listen: [...listen], announce: [...announce] },
    transports: [tcp()],
    // Noise alone. libp2p's TLS costs about as much again per connection (a certificate each) and is a quarter of the modules that a peer
    // loads; what is large does not pass here, payloads have a TLS channel of their own.
    connectionEncrypters: [inOnePiece(noise())],
    streamMuxers: [withRareUpdates(yamux())],
    connectionGater: gater,
    datastore,
    // By default addresses are forgotten after an hour and peers after six, connected or not, and the DHT then finds nobody (G22).
    peerStore: { maxAddressAge: ADDRS_NEVER_AGE_MS, maxPeerAge: ADDRS_NEVER_AGE_MS },
    connectionManager: connectionLimits(timeouts),
    // One late answer would abort the connection and all its streams (G13): `pulse.ts` judges instead.
    connectionMonitor: { enabled: false, abortConnectionOnPingFailure: false },
    logger,
    services: services(setup),
  }
}

function connectionLimits({ addrMs, peerMs }: DialTimeouts): Libp2pOptions['connectionManager'] {
  return {
    maxConnections: MAX_CONNECTIONS,
    maxParallelDials: 2 * MAX_DIALS_AT_ONCE,
    addressDialTimeout: addrMs,
    dialTimeout: peerMs,
    inboundUpgradeTimeout: addrMs,
    // Many peers may start on one host, or behind one address (G14).
    inboundConnectionThreshold: MAX_INBOUND_CONNECTIONS_PER_SECOND,
    // More than the entrance allows: it closes the oldest, libp2p would refuse the newest.
    maxIncomingPendingConnections: 2 * MAX_PENDING_CONNECTIONS,
    // The dial loop never gives up; libp2p would, and would forget the peer (G12).
    reconnectRetries: 0,
  }
}

function services(setup: MeshSetup): Libp2pOptions<MeshServices>['services'] {
  const { incarnation, gossip, gossipOverrides = {} } = setup
  const protocolPrefix = `lightflow/${shortIncarnation(incarnation)}`
  const known = setup.join.filter(addr => peerOf(addr) !== undefined)
  const parts = {
    // Asked once for each connection: without the answer it is useless and must be made anew.
    identify: identify({ protocolPrefix, timeout: setup.timeouts.addrMs }),
    ping: ping({ protocolPrefix, maxInboundStreams: MAX_PINGS_AT_ONCE, maxOutboundStreams: MAX_PINGS_AT_ONCE }),
    dht: withQuickPing(kadDHT(dhtOptions(incarnation))),
    ...(gossip ? { gossip: gossipsub({ ...gossipOptions(incarnation), ...gossipOverrides }) } : {}),
    ...(setup.mdns ? { mdns: mdns({ serviceTag: MDNS_SERVICE }) } : {}),
    ...(known.length > 0 ? { bootstrap: bootstrap({ list: known }) } : {}),
  }
  return parts
}

/** The mesh is a full one: whoever publishes sends to everybody, nobody forwards. Who has no link to the author asks a neighbour. */
function gossipOptions(incarnation: string): Partial<GossipsubOpts> {
  return {
    allowedTopics: [hintTopic(incarnation)],
    globalSignaturePolicy: StrictSign,
    // Signatures are unique: a copy is known by its own before it is verified.
    fastMsgIdFn: ({ signature }) => Buffer.from(signature ?? []).toString('latin1'),
    D: 0,
    Dlo: 0,
    Dhi: 0,
    Dout: 0,
    Dscore: 0,
    Dlazy: 2,
    floodPublish: true,
    // Carries the messages that neighbours ask for: a longer beat delays them by as much.
    heartbeatInterval: 1000,
    // More than ten peers on one address are otherwise punished until nothing is delivered, without an error (G1).
    scoreParams: { IPColocationFactorWeight: 0 },
    // A peer that is alone publishes too (G5).
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    fallbackToFloodsub: false,
    doPX: false,
    emitSelf: false,
    maxOutboundBufferSize: MAX_GOSSIP_BUFFER_BYTES,
  }
}

/** Our own protocol, so that only members are in it; private addresses are kept; every peer serves (G18). */
function dhtOptions(incarnation: string): Parameters<typeof kadDHT>[0] {
  return {
    protocol: protocolId(incarnation, 'kad/1.0.0'),
    clientMode: false,
    peerInfoMapper: dhtAddrs,
    initialQuerySelfInterval: 200,
    // A peer that is alone would wait for others until its time is up.
    allowQueryWithZeroPeers: true,
  }
}
