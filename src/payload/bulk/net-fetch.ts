/** One fetch over a direct connection: asks for the rest of a payload and receives it into slabs, with TCP as its brake. */
import type { OnReadOpts } from 'node:net'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import type { MessagePort } from 'node:worker_threads'
import { HOLDER_ANSWERS_WITHIN_MS, STREAM_IDLE_MS } from '../payload-limits.ts'
import type { Fetched, FetchRequest, FreeSlab } from './bulk-messages.ts'
import { Slabs } from './slabs.ts'
import { DIRECT_TLS, encodeRange } from './direct-wire.ts'

export class NetFetch {
  readonly result: Promise<Fetched>
  readonly #request: FetchRequest
  readonly #slabs: Slabs
  readonly #socket: TLSSocket
  readonly #settled = Promise.withResolvers<Fetched>()
  #reached: number
  #error: string | null = null
  #isClosed = false
  #isPaused = false

  constructor(request: FetchRequest, port: MessagePort) {
    this.#request = request
    this.#reached = request.offset
    this.result = this.#settled.promise
    this.#slabs = new Slabs(request.sink, port)
    this.#socket = this.#connect()
  }

  /** A slab came back from the sink. */
  freed({ index, failed }: FreeSlab): void {
    const goOn = this.#slabs.back(index)
    if (failed) this.stop('the payload could not be written')
    else if (goOn && this.#isPaused) this.#goOn()
    this.#finishWhenIdle()
  }

  stop(why: string): void {
    this.#error ??= why
    this.#socket.destroy()
  }

  #connect(): TLSSocket {
    const { host, door, offset, end } = this.#request
    const options: ConnectionOptions & { onread: OnReadOpts } = {
      ...DIRECT_TLS,
      host,
      port: door.port,
      checkServerIdentity: () => undefined,
      pskCallback: () => ({ psk: Buffer.from(door.key, 'hex'), identity: door.id }),
      onread: {
        buffer: () => this.#slabs.room(),
        callback: count => this.#received(count),
      },
    }
    const socket = connect(options)
    socket.setTimeout(HOLDER_ANSWERS_WITHIN_MS, () => this.stop('nothing came for too long'))
    socket.once('secureConnect', () => {
      socket.setTimeout(STREAM_IDLE_MS)
      socket.setNoDelay(true)
      socket.write(encodeRange({ offset, length: end - offset }))
    })
    socket.on('error', error => (this.#error ??= error.message))
    socket.on('end', () => socket.destroy())
    socket.on('close', () => this.#closed())
    return socket
  }

  #received(count: number): boolean {
    this.#reached += count
    if (this.#reached > this.#request.end) {
      this.stop('more came than was asked for')
      return false
    }
    this.#isPaused = !this.#slabs.filled(count)
    if (this.#reached === this.#request.end) this.#socket.destroy()
    return !this.#isPaused
  }

  #goOn(): void {
    this.#isPaused = false
    this.#socket.resume()
  }

  #closed(): void {
    this.#isClosed = true
    this.#slabs.flush()
    this.#finishWhenIdle()
  }

  /** Only then may the memory be used again. */
  #finishWhenIdle(): void {
    if (!this.#isClosed || !this.#slabs.isIdle) return
    const isWhole = this.#reached === this.#request.end
    this.#slabs.recycle()
    this.#settled.resolve({
      reached: this.#reached,
      error: isWhole ? null : (this.#error ?? 'the connection was closed'),
    })
  }
}
