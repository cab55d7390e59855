/** Those whom a mesh must not let in, for the tests: raw sockets, and libp2p nodes that keep no rule. */
import { once } from 'node:events'
import net from 'node:net'
import { gossipsub } from '@chainsafe/libp2p-gossipsub'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { kadDHT } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { hintTopic, protocolId, PULSE_PROTOCOL, shortIncarnation } from '../../../src/mesh/libp2p/mesh-names.ts'
import type { Mesh } from '../../../src/mesh/mesh.ts'
import { INCARNATION } from './mesh-helpers.ts'

const strangers: Libp2p[] = []
const sockets: net.Socket[] = []

/** A libp2p node that knows every name of the mesh, lets everybody in, and has no session. */
export async function startStranger(): Promise<Libp2p> {
  const protocolPrefix = `lightflow/${shortIncarnation(INCARNATION)}`
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionManager: { reconnectRetries: 0 },
    services: {
      identify: identify({ protocolPrefix }),
      ping: ping({ protocolPrefix }),
      gossip: gossipsub({ allowPublishToZeroTopicPeers: true, doPX: true }),
      dht: kadDHT({ protocol: protocolId(INCARNATION, 'kad/1.0.0'), clientMode: false }),
    },
  })
  strangers.push(node)
  ;(node.services.gossip as { subscribe: (topic: string) => void }).subscribe(hintTopic(INCARNATION))
  return node
}

/** The protocols that the members of a ledger speak with each other. */
export function meshProtocols(incarnation: string): string[] {
  const names = ['kad/1.0.0', 'id/1.0.0', 'id/push/1.0.0', 'ping/1.0.0', PULSE_PROTOCOL]
  return ['/meshsub/1.1.0', '/meshsub/1.2.0', ...names.map(name => protocolId(incarnation, name))]
}

export function portOf(mesh: Mesh): number {
  const port = /\/tcp\/(\d+)/.exec(mesh.addrs()[0] ?? '')?.[1]
  return Number(port)
}

/** A connected socket that speaks no libp2p; it never throws, and is destroyed by `endStrangers`. */
export async function connectSocket(mesh: Mesh): Promise<net.Socket> {
  const socket = openSocket(mesh)
  await once(socket, 'connect')
  return socket
}

/** The same, still connecting. */
export function openSocket(mesh: Mesh): net.Socket {
  const socket = net.connect(portOf(mesh), '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  sockets.push(socket)
  return socket
}

export async function endStrangers(): Promise<void> {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const node of strangers.splice(0)) await node.stop()
}

/** Open TCP connections of this process, both ends. */
export function openSockets(): number {
  return process.getActiveResourcesInfo().filter(name => name === 'TCPSocketWrap').length
}
