/** Whether a peer could listen where it is told to. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { type Check, type CheckView, failed, type Finding, ok } from './check.ts'

/** As a peer does; written here again, since asking the mesh would load all of libp2p. */
const DEFAULT_LISTEN = ['/ip4/0.0.0.0/tcp/0']
const PORT_LIMIT_MS = 5000
const LIKE_THIS = 'Addresses look like /ip4/192.168.1.20/tcp/4100; port 0 takes any free one.'

export interface TcpAddress {
  host: string
  port: number
}

export function portChecks(listen: readonly string[] = DEFAULT_LISTEN): Check[] {
  return listen.map(address => ({
    name: 'port',
    limitMs: PORT_LIMIT_MS,
    run: async (): Promise<CheckView[]> => {
      const parsed = parseTcpAddress(address)
      const errorCode = parsed === undefined ? 'unreadable' : await tryListening(parsed)
      return [{ name: 'port', ...decidePort(address, errorCode) }]
    },
  }))
}

/** `errorCode`: why listening failed, as the system says it; `unreadable` for a text that is no address. */
export function decidePort(address: string, errorCode: string | undefined): Finding {
  switch (errorCode) {
    case undefined:
      return ok(`a peer can listen on ${address}`)
    case 'unreadable':
      return failed(`"${address}" is no address to listen on`, LIKE_THIS)
    case 'EADDRINUSE':
      return failed(
        `the port of ${address} is taken`,
        'Another program listens there, perhaps a peer that runs: choose another port, or port 0 for any free one.',
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return failed(`${address} is not an address of this machine`, 'Listen on /ip4/0.0.0.0/tcp/PORT for all of them.')
    case 'EACCES':
      return failed(`nobody but root may listen on ${address}`, 'Choose a port above 1023.')
    default:
      return failed(`a peer cannot listen on ${address}: ${errorCode}`, LIKE_THIS)
  }
}

/** `/ip4/…/tcp/N`, `/ip6/…/tcp/N` or `/dns…/…/tcp/N`, whatever follows; undefined for anything else. */
export function parseTcpAddress(address: string): TcpAddress | undefined {
  const [, host = '', portText = ''] =
    /^\/(?:ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(\d{1,5})(?:\/|$)/.exec(address) ?? []
  const port = Number(portText)
  return host === '' || portText === '' || port > 65_535 ? undefined : { host, port }
}

async function tryListening({ host, port }: TcpAddress): Promise<string | undefined> {
  const server = createServer()
  try {
    server.listen({ host, port, exclusive: true })
    await once(server, 'listening')
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  } finally {
    server.close()
  }
}
