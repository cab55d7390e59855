/**
 * A program: hands TCP connections on. `node relay-program.ts ROUTES`, the routes being JSON: `{ listen: [host, port], to: [host, port] }`
 * or `to: PATH` for a Unix socket (which reaches out of a network namespace). Says "ready" and ends with its stdin.
 */
import { createConnection, createServer, type Socket } from 'node:net'
import { once } from 'node:events'

export interface Route {
  listen: [host: string, port: number] | string
  to: [host: string, port: number] | string
}

const routes = JSON.parse(process.argv[2] ?? '') as Route[]
for (const { listen, to } of routes) {
  const server = createServer(client => join(client, connect(to)))
  if (typeof listen === 'string') server.listen(listen)
  else server.listen(listen[1], listen[0])
  await once(server, 'listening')
}
process.stdout.write('ready\n')
process.stdin.resume().on('end', () => process.exit())

function connect(to: Route['to']): Socket {
  return typeof to === 'string' ? createConnection(to) : createConnection(to[1], to[0])
}

function join(one: Socket, other: Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to)
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
  }
}
