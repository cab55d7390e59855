/** A Redis server of the bench's own, on a free port, in a folder that goes with it. */
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type GuardedServer, startGuarded } from './guarded-server.ts'

export interface RedisServer extends GuardedServer {
  port: number
}

/** `memory`: nothing is ever written to the disk. `disk`: every write has reached the disk before it is answered. */
export type RedisKeeps = 'memory' | 'disk'

const SETTINGS: Readonly<Record<RedisKeeps, readonly string[]>> = {
  memory: ['--save', '', '--appendonly', 'no'],
  disk: ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'],
}

/** Queues must not lose keys to make room. */
const ALWAYS = ['--bind', '127.0.0.1', '--maxmemory-policy', 'noeviction']

export async function startRedis(keeps: RedisKeeps): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'lf-bench-redis-'))
  const port = await freePort()
  const args = ['--port', String(port), '--dir', folder, ...ALWAYS, ...SETTINGS[keeps]]
  const isReady = (line: string): boolean => /ready to accept/i.test(line)
  const { stop } = await startGuarded('redis-server', args, { folder, isReady })
  return { port, stop }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
