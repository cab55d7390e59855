/** The yardstick: a TLS socket of Node with a key known to both, from memory to nothing, or from a file to a file. */
import { open } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { connect, createServer, type TLSSocket } from 'node:tls'

const KEY = Buffer.alloc(32, 7)
const TLS = { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' } as const
const CHUNK_BYTES = 64 * 1024

/** Sends `sizeBytes` to the first that connects, of the file when one is named; returns the port. */
export async function servePlain({ sizeBytes, file }: { sizeBytes: number; file: string | null }): Promise<number> {
  const server = createServer({ ...TLS, pskCallback: () => KEY }, socket => {
    server.close()
    void send(socket, sizeBytes, file)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** Receives until the end, into the file when one is named; returns the number of bytes. */
export async function fetchPlain({ port, file }: { port: number; file: string | null }): Promise<number> {
  const socket = connect({
    ...TLS,
    port,
    host: '127.0.0.1',
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk: KEY, identity: 'bench' }),
  })
  let received = 0
  if (file === null) {
    socket.on('data', chunk => (received += chunk.length))
    await new Promise((resolve, reject) => socket.on('end', resolve).on('error', reject))
    return received
  }
  const out = await open(file, 'w')
  await pipeline(socket, out.createWriteStream({ highWaterMark: 1024 * 1024 }))
  return socket.bytesRead
}

async function send(socket: TLSSocket, sizeBytes: number, file: string | null): Promise<void> {
  if (file !== null) {
    const input = await open(file, 'r')
    return pipeline(input.createReadStream({ highWaterMark: 1024 * 1024 }), socket)
  }
  const chunk = Buffer.alloc(CHUNK_BYTES, 1)
  for (let sent = 0; sent < sizeBytes; sent += CHUNK_BYTES) {
    if (!socket.write(chunk)) await new Promise(resolve => socket.once('drain', resolve))
  }
  socket.end()
}
