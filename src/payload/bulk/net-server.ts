/**
 * The doors of this peer: one port, behind which each connection gives away the one payload that its key stands for. A key is used
 * once and only for a short time. A slow reader holds two buffers and nothing else.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import {
  DOOR_OPEN_MS,
  HOLDER_ANSWERS_WITHIN_MS,
  MAX_SERVED_AT_ONCE,
  SERVE_BUFFER_BYTES,
  SERVE_BUFFERS,
  STREAM_IDLE_MS,
} from '../payload-limits.ts'
import type { NetStatus, OfferRequest } from './bulk-messages.ts'
import type { PayloadDoor } from '../../../protocols/payload-messages.ts'
import { decodeRange, DIRECT_TLS, type Range, RANGE_BYTES } from './direct-wire.ts'

interface Offer extends OfferRequest {
  key: Buffer
  expiry: NodeJS.Timeout
}

export class NetServer {
  readonly #server: Server
  readonly #offers = new Map<string, Offer>()
  readonly #entered = new WeakMap<TLSSocket, Offer>()
  readonly #listening: Promise<number>
  #serving = 0
  #sentBytes = 0

  constructor({ host, port }: { host: string; port: number }) {
    this.#server = createServer(
      {
        ...DIRECT_TLS,
        handshakeTimeout: HOLDER_ANSWERS_WITHIN_MS,
        pskCallback: (socket, id) => this.#enter(socket, id),
      },
      socket => void this.#serve(socket),
    )
    // Handshakes that strangers begin count too: they end within the time for the handshake.
    this.#server.maxConnections = 2 * MAX_SERVED_AT_ONCE
    // Too many open files, say: the next connection may go well.
    this.#server.on('error', () => {})
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy())
    this.#listening = new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => resolve((this.#server.address() as AddressInfo).port))
    })
    this.#listening.catch(() => {})
  }

  get status(): NetStatus {
    return { serving: this.#serving, sentBytes: this.#sentBytes }
  }

  /** Opens a door to one file; null when as many are open as may be. Throws when the port cannot be listened on. */
  async offer(request: OfferRequest): Promise<PayloadDoor | null> {
    const port = await this.#listening
    if (this.#serving + this.#offers.size >= MAX_SERVED_AT_ONCE) return null
    const id = randomBytes(16).toString('hex')
    const key = randomBytes(32)
    const expiry = setTimeout(() => this.#offers.delete(id), DOOR_OPEN_MS)
    this.#offers.set(id, { ...request, key, expiry })
    return { port, id, key: key.toString('hex') }
  }

  #enter(socket: TLSSocket, id: string): Buffer | null {
    const offer = this.#offers.get(id)
    if (offer === undefined) return null
    clearTimeout(offer.expiry)
    this.#offers.delete(id)
    this.#entered.set(socket, offer)
    return offer.key
  }

  async #serve(socket: TLSSocket): Promise<void> {
    const offer = this.#entered.get(socket)
    socket.on('error', () => {})
    socket.setTimeout(STREAM_IDLE_MS, () => socket.destroy())
    if (offer === undefined) return void socket.destroy()
    this.#serving += 1
    try {
      const range = await readRange(socket, offer.sizeBytes)
      if (range !== undefined) await sendRange(socket, offer.path, range, count => (this.#sentBytes += count))
    } catch {
      // The reader finds out by what is missing, and asks another holder.
    } finally {
      this.#serving -= 1
      socket.destroySoon()
    }
  }
}

async function readRange(socket: TLSSocket, sizeBytes: number): Promise<Range | undefined> {
  const received: Uint8Array[] = []
  let count = 0
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    received.push(chunk)
    count += chunk.length
    if (count >= RANGE_BYTES) return count === RANGE_BYTES ? decodeRange(Buffer.concat(received), sizeBytes) : undefined
  }
  return undefined
}

/** Told of every buffer that is handed to the socket, with its size. */
type OnSent = (count: number) => void

async function sendRange(socket: TLSSocket, path: string, { offset, length }: Range, onSent: OnSent): Promise<void> {
  const file = await open(path, 'r')
  try {
    await sendFrom(socket, file, { offset, length }, onSent)
  } finally {
    await file.close()
  }
}

/** The next buffer is filled while the last one leaves; none is touched before the socket is done with it. */
async function sendFrom(socket: TLSSocket, file: FileHandle, { offset, length }: Range, onSent: OnSent): Promise<void> {
  const end = offset + length
  const buffers = Array.from({ length: SERVE_BUFFERS }, () => ({
    bytes: Buffer.allocUnsafeSlow(Math.max(1, Math.min(SERVE_BUFFER_BYTES, length))),
    sent: Promise.resolve(),
  }))
  const gone = closed(socket)
  for (let position = offset, turn = 0; position < end; turn++) {
    const buffer = buffers[turn % SERVE_BUFFERS] as (typeof buffers)[0]
    await Promise.race([buffer.sent, gone])
    const wanted = Math.min(buffer.bytes.length, end - position)
    const { bytesRead } = await file.read(buffer.bytes, 0, wanted, position)
    if (bytesRead === 0 || socket.destroyed) return
    position += bytesRead
    onSent(bytesRead)
    buffer.sent = send(socket, buffer.bytes.subarray(0, bytesRead))
    buffer.sent.catch(() => {})
  }
  await Promise.race([Promise.all(buffers.map(({ sent }) => sent)), gone])
}

function send(socket: TLSSocket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, error => (error == null ? resolve() : reject(error)))
  })
}

function closed(socket: TLSSocket): Promise<void> {
  return new Promise(resolve => socket.once('close', () => resolve()))
}
