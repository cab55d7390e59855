/**
 * The thread in which arriving payloads are hashed and written to their part files, in the order in which they come. Started by
 * `bulk-threads.ts`; filled by the network's thread through shared memory, or by the peer's own with the bytes of a stream.
 */
import { createHash, type Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { LightflowError } from '../../core/errors.ts'
import { STEP_BYTES } from '../payload-limits.ts'
import type { FeedSink, FilledSlab, FinishSink, FreeSlab, HashMore, OpenSink } from './bulk-messages.ts'
import { answerCalls } from './thread-calls.ts'

class Sink {
  readonly #file: FileHandle
  readonly #hash: Hash = createHash('sha256')
  #position = 0
  #writing: Promise<unknown> = Promise.resolve()
  #error: Error | null = null

  constructor(file: FileHandle) {
    this.#file = file
  }

  /** Resolves when these bytes are in the file; rejects, as all that follow, when one write failed. */
  async take(bytes: Uint8Array): Promise<void> {
    if (this.#error !== null) throw this.#error
    this.#hash.update(bytes)
    const position = this.#position
    this.#position += bytes.length
    const written = this.#write(bytes, position)
    this.#writing = Promise.allSettled([this.#writing, written])
    await written
  }

  /** Bytes that were taken and are in the file. */
  async settled(): Promise<number> {
    await this.#writing
    if (this.#error !== null) throw this.#error
    return this.#position
  }

  async finish(sync: boolean): Promise<string> {
    await this.settled()
    if (sync) await this.#file.sync()
    await this.#file.close()
    return this.#hash.digest('hex')
  }

  async drop(): Promise<void> {
    await this.#writing
    await this.#file.close().catch(() => {})
  }

  async #write(bytes: Uint8Array, position: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, position + done)
        done += bytesWritten
      }
    } catch (error) {
      this.#error = error as Error
      throw error
    }
  }
}

/** A file of somebody else that is hashed, step by step as it is asked for. */
class Reading {
  readonly #file: FileHandle
  readonly #hash: Hash = createHash('sha256')
  readonly #step = Buffer.allocUnsafeSlow(STEP_BYTES)
  #position = 0

  constructor(file: FileHandle) {
    this.#file = file
  }

  /** Reads up to so many bytes more; returns how many were read in all. */
  async more(bytes: number): Promise<number> {
    for (const end = this.#position + bytes; this.#position < end;) {
      const wanted = Math.min(STEP_BYTES, end - this.#position)
      const { bytesRead } = await this.#file.read(this.#step, 0, wanted, this.#position)
      if (bytesRead === 0) break
      this.#hash.update(this.#step.subarray(0, bytesRead))
      this.#position += bytesRead
    }
    return this.#position
  }

  async end(): Promise<string> {
    await this.#file.close()
    return this.#hash.digest('hex')
  }
}

const readings = new Map<number, Reading>()
const sinks = new Map<number, Sink>()
let last = 0

function sinkOf(id: number): Sink {
  const sink = sinks.get(id)
  if (sink === undefined) throw new LightflowError('LF_PAYLOAD_THREAD', 'There is no such transfer any more.')
  return sink
}

answerCalls(parentPort as MessagePort, {
  open: async ({ path }: OpenSink) => {
    last += 1
    const id = last
    // It may become the copy of a file that only its owner may read.
    sinks.set(id, new Sink(await open(path, 'w', 0o600)))
    return id
  },
  feed: ({ sink, bytes }: FeedSink) => sinkOf(sink).take(bytes),
  settled: (sink: number) => sinkOf(sink).settled(),
  finish: async ({ sink: id, sync }: FinishSink) => {
    const sink = sinkOf(id)
    const hash = await sink.finish(sync)
    sinks.delete(id)
    return hash
  },
  drop: async (id: number) => {
    const sink = sinks.get(id)
    sinks.delete(id)
    await sink?.drop()
  },
  openReading: async (path: string) => {
    last += 1
    const id = last
    // A pipe that took its place must not be waited for.
    readings.set(id, new Reading(await open(path, constants.O_RDONLY | constants.O_NONBLOCK)))
    return id
  },
  readMore: ({ id, bytes }: HashMore) => readings.get(id)?.more(bytes) ?? 0,
  endReading: async (id: number) => {
    const reading = readings.get(id)
    readings.delete(id)
    return (await reading?.end()) ?? ''
  },
})

const network = (workerData as { network: MessagePort }).network

network.on('message', (filled: FilledSlab) => void take(filled))

async function take({ sink, slab, index, length }: FilledSlab): Promise<void> {
  let failed = false
  try {
    await sinkOf(sink).take(slab.subarray(0, length))
  } catch {
    failed = true
  }
  network.postMessage({ sink, index, failed } satisfies FreeSlab, [])
}
