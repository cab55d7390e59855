/**
 * The DHT asks each new contact for an answer before it takes it in, from both sides of every new connection: in a mesh of ten, that were
 * 129 streams. Here a connection is answer enough; whether it still lives is for `pulse.ts` to say.
 */
import type { KadDHT } from '@libp2p/kad-dht'
import type { PeerId } from '@libp2p/interface'
import type { Ping } from '@libp2p/ping'

interface Parts {
  connectionManager: { getConnections: (peer?: PeerId) => { status: string }[] }
  ping: Pick<Ping, 'ping'>
}

/** Makes the DHT that `make` makes, with a ping that answers at once (0 ms) for connected peers and asks all others. */
export function withQuickPing<Components extends Parts>(
  make: (components: Components) => KadDHT,
): (components: Components) => KadDHT {
  return components => {
    const ping = quickPing(components)
    return make(new Proxy(components, { get: (all, name) => (name === 'ping' ? ping : Reflect.get(all, name)) }))
  }
}

function quickPing({ connectionManager, ping }: Parts): Pick<Ping, 'ping'> {
  return {
    async ping(peer, options) {
      const isConnected = connectionManager.getConnections(peer as PeerId).some(({ status }) => status === 'open')
      return isConnected ? 0 : ping.ping(peer, options)
    },
  }
}
