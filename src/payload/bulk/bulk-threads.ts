/**
 * The two threads through which large payloads move, started when the first one does: one for the connections, one that hashes and
 * writes. Owned by the puller and the server of a peer; closed with the peer.
 */
import { extname } from 'node:path'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { LightflowError } from '../../core/errors.ts'
import type {
  FeedSink,
  Fetched,
  FetchRequest,
  FinishSink,
  HashMore,
  NetStatus,
  NetThreadData,
  OfferRequest,
  OpenSink,
} from './bulk-messages.ts'
import type { PayloadDoor } from '../../../protocols/payload-messages.ts'
import { HASH_STEP_BYTES } from '../payload-limits.ts'
import { ThreadCalls } from './thread-calls.ts'

export interface BulkThreadsOptions {
  /** Address on which direct doors are opened. */
  host?: string
  /** Its port; 0 = any free one. */
  port?: number
}

interface Threads {
  workers: Worker[]
  net: ThreadCalls
  sinks: ThreadCalls
}

export class BulkThreads {
  readonly #options: Required<BulkThreadsOptions>
  #threads: Threads | null = null
  #isClosed = false

  constructor({ host = '0.0.0.0', port = 0 }: BulkThreadsOptions = {}) {
    this.#options = { host, port }
  }

  // the network

  /** Opens a door to a file for the one who is told of it; null when too many are open. */
  offer(request: OfferRequest): Promise<PayloadDoor | null> {
    return this.#running().net.ask('offer', request) as Promise<PayloadDoor | null>
  }

  /** Fetches into a sink until the payload ends or the connection does. */
  async fetch(request: FetchRequest, signal: AbortSignal): Promise<Fetched> {
    const { net } = this.#running()
    const stop = () => void net.ask('stop', request.sink).catch(() => {})
    signal.addEventListener('abort', stop)
    try {
      const fetched = net.ask('fetch', request)
      if (signal.aborted) stop()
      return (await fetched) as Fetched
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  async status(): Promise<NetStatus> {
    return this.#threads === null
      ? { serving: 0, sentBytes: 0 }
      : ((await this.#threads.net.ask('status', null)) as NetStatus)
  }

  // sinks

  /** A new part file that is hashed as it is filled. Rejects with the system's error when it cannot be made. */
  openSink(request: OpenSink): Promise<number> {
    return this.#running().sinks.ask('open', request) as Promise<number>
  }

  /** Takes the bytes over (the caller loses them); resolves when they are written. */
  async feedSink(request: FeedSink): Promise<void> {
    await this.#running().sinks.ask('feed', request, [request.bytes.buffer])
  }

  /** Bytes written so far; rejects with the system's error when a write failed. */
  settledSink(sink: number): Promise<number> {
    return this.#running().sinks.ask('settled', sink) as Promise<number>
  }

  /** Closes the part file; returns the SHA-256 of all that was fed, in hexadecimal. */
  finishSink(request: FinishSink): Promise<string> {
    return this.#running().sinks.ask('finish', request) as Promise<string>
  }

  async dropSink(sink: number): Promise<void> {
    await this.#threads?.sinks.ask('drop', sink).catch(() => {})
  }

  /**
   * SHA-256 of a file, read in the sinks' thread; undefined when it has another size. `onStep` is told after each step how many bytes were
   * read. Rejects with the system's error when it cannot be read, and with the signal's reason.
   */
  async hashFile(
    { path, sizeBytes }: OfferRequest,
    { signal, onStep = () => {} }: { signal: AbortSignal; onStep?: (bytes: number) => void },
  ): Promise<string | undefined> {
    const { sinks } = this.#running()
    const id = (await sinks.ask('openReading', path)) as number
    try {
      for (let done = 0, before = -1; done < sizeBytes && done > before;) {
        signal.throwIfAborted()
        before = done
        done = (await sinks.ask('readMore', { id, bytes: HASH_STEP_BYTES } satisfies HashMore)) as number
        onStep(done)
      }
      // One byte beyond the end would be one too many.
      const read = (await sinks.ask('readMore', { id, bytes: 1 } satisfies HashMore)) as number
      const hash = (await sinks.ask('endReading', id)) as string
      return read === sizeBytes ? hash : undefined
    } catch (error) {
      await sinks.ask('endReading', id).catch(() => {})
      throw error
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const threads = this.#threads
    this.#threads = null
    await Promise.all(threads?.workers.map(worker => worker.terminate()) ?? [])
  }

  #running(): Threads {
    if (this.#isClosed)
      throw new LightflowError('LF_PAYLOAD_THREAD', 'The peer is leaving: payloads do not move any more.')
    if (this.#threads !== null) return this.#threads
    const threads = startThreads(this.#options)
    for (const worker of threads.workers) worker.once('exit', () => this.#ended(threads))
    this.#threads = threads
    return threads
  }

  /** One of the two is nothing without the other: the next transfer starts both anew. */
  #ended(threads: Threads): void {
    if (this.#threads === threads) this.#threads = null
    for (const worker of threads.workers) void worker.terminate()
  }
}

function startThreads({ host, port }: Required<BulkThreadsOptions>): Threads {
  const { port1, port2 } = new MessageChannel()
  const sinkWorker = start('sink-thread', { network: port1 }, port1)
  const netWorker = start('net-thread', { sinks: port2, host, port } satisfies NetThreadData, port2)
  return { workers: [sinkWorker, netWorker], net: new ThreadCalls(netWorker), sinks: new ThreadCalls(sinkWorker) }
}

function start(file: string, workerData: object, port: MessagePort): Worker {
  const entry = new URL(`./${file}${extname(import.meta.url)}`, import.meta.url)
  const worker = new Worker(entry, { name: `lf:${file}`, workerData, transferList: [port], execArgv: [] })
  worker.unref()
  return worker
}
