/** A Redis server of the bench's own, on a free port, in a folder that goes with it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface RedisServer {
  port: number
  stop(): Promise<void>
}

/** Nothing is ever written to the disk. */
export async function startRedis(): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'lf-bench-redis-'))
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, '--appendonly', 'no']
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const stop = async () => {
    if (child.exitCode === null && child.pid !== undefined) {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    }
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await Promise.race([
      once(child, 'error').then(([error]) => Promise.reject(error as Error)),
      once(child, 'exit').then(() => Promise.reject(new Error('redis-server ended at once'))),
      accepting(child.stdout),
    ])
    child.stdout.resume()
    return { port, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function accepting(output: NodeJS.ReadableStream): Promise<void> {
  for await (const line of createInterface({ input: output })) if (/ready to accept/i.test(line)) return
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
