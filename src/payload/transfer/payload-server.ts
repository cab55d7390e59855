/**
 * Gives payloads away: answers what other members ask on streams of the mesh, one answer at a time per stream, and opens direct doors
 * for what is large. A stream holds one frame of memory, however slowly it is read. Decides nothing about who needs what.
 */
import { type FileHandle, open, stat } from 'node:fs/promises'
import {
  decodePayloadRequest,
  encodePayloadMessage,
  PAYLOAD_PROTOCOL,
  type PayloadAnswer,
  type PayloadDoor,
  type PayloadRequest,
} from '../../../protocols/payload-messages.ts'
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { OfferRequest } from '../bulk/bulk-messages.ts'
import type { BulkThreads } from '../bulk/bulk-threads.ts'
import { hashOfFile } from '../files/file-payload-store.ts'
import type { PayloadFiles } from '../files/payload-files.ts'
import {
  MAX_REQUEST_FRAME_BYTES,
  MAX_SERVED_AT_ONCE,
  MAX_STREAM_FRAME_BYTES,
  STREAM_IDLE_MS,
  STREAM_RANGE_BYTES,
} from '../payload-limits.ts'
import type { PayloadNetwork, PayloadStream } from '../payload-network.ts'
import { fetchFor, keepCopy } from './keep-copy.ts'
import type { FileHasher } from '../files/file-hasher.ts'
import type { RunFiles } from '../files/run-files.ts'
import { answerFile } from './answer-file.ts'
import type { Puller } from './puller.ts'
import { framesOf, IdleLimit, sendFrames } from './stream-frames.ts'

export interface PayloadServerParts {
  network: Pick<PayloadNetwork, 'serve' | 'connected'>
  files: PayloadFiles
  /** Files of users that are given as if they were payloads. */
  runFiles: RunFiles
  hasher: FileHasher
  threads: Pick<BulkThreads, 'offer'>
  puller: Pick<Puller, 'pull' | 'isAskingOthers'>
  clock: Clock
  log: Log
  /** False: everything goes over the streams of the mesh. */
  direct?: boolean
}

interface Asking {
  /** Who asks. */
  peer: string
  reader: RangeReader
  /** Aborts when it is gone. */
  signal: AbortSignal
}

/** A frame holds a little more than its bytes. */
const BYTES_PER_FRAME = MAX_STREAM_FRAME_BYTES - 64

export class PayloadServer {
  readonly #parts: PayloadServerParts
  readonly #open = new Set<PayloadStream>()
  /** Payloads whose files are being looked at. */
  readonly #suspects = new Set<string>()
  #end: (() => void) | null = null

  constructor(parts: PayloadServerParts) {
    this.#parts = parts
  }

  start(): void {
    this.#end ??= this.#parts.network.serve(PAYLOAD_PROTOCOL, stream => void this.#serve(stream))
  }

  stop(): void {
    this.#end?.()
    this.#end = null
    for (const { duplex } of this.#open) duplex.destroy()
  }

  /** Streams that are open now. */
  get serving(): number {
    return this.#open.size
  }

  async #serve(stream: PayloadStream): Promise<void> {
    const { duplex } = stream
    const { clock, log } = this.#parts
    duplex.on('error', error => log.debug('a stream of payloads ended early', { peer: stream.peer, error }))
    const isBusy = this.#open.size >= MAX_SERVED_AT_ONCE
    this.#open.add(stream)
    const idle = new IdleLimit(duplex, clock, STREAM_IDLE_MS)
    // An answer may be waited for that never comes, from a disk that hangs: its place is free again when nobody waits.
    const gone = new AbortController()
    duplex.once('close', () => gone.abort())
    const asking = { peer: stream.peer, isBusy, idle, signal: gone.signal }
    try {
      await sendFrames(duplex, this.#answers(framesOf(duplex, MAX_REQUEST_FRAME_BYTES), asking))
      duplex.end()
    } catch (error) {
      duplex.destroy(error as Error)
    } finally {
      gone.abort()
      this.#open.delete(stream)
    }
  }

  async *#answers(
    requests: AsyncIterable<Uint8Array>,
    { peer, isBusy, idle, signal }: { peer: string; isBusy: boolean; idle: IdleLimit; signal: AbortSignal },
  ): AsyncGenerator<Uint8Array, void> {
    const reader = new RangeReader(async hash => (await this.#find(hash))?.path)
    try {
      for await (const request of requests) {
        const answers = isBusy ? [BUSY] : this.#answer(decodePayloadRequest(request), { peer, reader, signal })
        for await (const answer of answers) {
          idle.touch()
          yield encodePayloadMessage(answer)
        }
      }
    } finally {
      await reader.close()
    }
  }

  async *#answer(request: PayloadRequest, { peer, reader, signal }: Asking): AsyncGenerator<PayloadAnswer> {
    if (request.kind === 'read') yield* reader.read(request)
    else if (request.kind === 'keep') yield* keepCopy(request, { ...this.#parts, peer, signal })
    else if (request.kind === 'fetch') yield* fetchFor(request, { ...this.#parts, peer, signal })
    else if (request.kind === 'file') yield* answerFile(request, { ...this.#parts, signal })
    else if (request.kind === 'door') yield await this.#here(request.hash)
    else {
      void this.#lookAt(request.hash)
      yield { kind: 'noted' }
    }
  }

  async #here(hash: string): Promise<PayloadAnswer> {
    const { files, direct = true } = this.#parts
    // Whoever asks will read it: it must not be removed meanwhile.
    await files.touch(hash)
    const found = await this.#find(hash)
    if (found === undefined) return MISSING
    return { kind: 'here', sizeBytes: found.sizeBytes, door: direct ? await this.#door(found) : null }
  }

  /** The payload of this name, else the file of a user that has this hash and looks as it did. Paths never come from the wire. */
  async #find(hash: string): Promise<OfferRequest | undefined> {
    const { files, runFiles } = this.#parts
    const sizeBytes = await files.sizeOf(hash)
    if (sizeBytes !== undefined) return { path: files.pathOf(hash), sizeBytes }
    const link = runFiles.offered(hash)
    const found = link && (await stat(link.path).catch(() => undefined))
    if (link === undefined || found?.isFile() !== true || found.size !== link.bytes) return undefined
    return Math.floor(found.mtimeMs) === link.modifiedMs ? { path: link.path, sizeBytes: link.bytes } : undefined
  }

  async #door(found: OfferRequest): Promise<PayloadDoor | null> {
    const { threads, log } = this.#parts
    try {
      return await threads.offer(found)
    } catch (error) {
      log.debug('no direct door could be opened; the stream of the mesh serves', { error })
      return null
    }
  }

  /** A reader got other bytes than the name says: was it the file or the way? */
  async #lookAt(hash: string): Promise<void> {
    const { files, runFiles, log } = this.#parts
    // One at a time: whoever cries wolf costs one reading of one file.
    if (this.#suspects.size > 0) return
    this.#suspects.add(hash)
    try {
      // None: a file of a user that is gone, or another one by its time; whoever asks anew is told so.
      const found = await this.#find(hash)
      if (found === undefined || (await hashOfFile(found.path, found.sizeBytes)) === hash) return
      if (found.path !== files.pathOf(hash)) {
        log.warn('A file that a task named was changed behind its time: it is not given.', { path: found.path })
        runFiles.spoil(hash)
        return
      }
      log.warn('A payload on the disk of this peer is not what was stored: it is set aside.', { hash })
      await files.setAside(hash)
    } catch (error) {
      log.debug('a payload could not be looked at', { hash, error })
    } finally {
      this.#suspects.delete(hash)
    }
  }
}

const MISSING: PayloadAnswer = { kind: 'no', why: 'missing' }
const BUSY: PayloadAnswer = { kind: 'no', why: 'busy' }
const NOT_THERE: PayloadAnswer = { kind: 'no', why: 'range' }

async function* readRange(file: FileHandle, offset: number, length: number): AsyncGenerator<PayloadAnswer> {
  for (let done = 0; done < length;) {
    const bytes = new Uint8Array(Math.min(BYTES_PER_FRAME, length - done))
    const { bytesRead } = await file.read(bytes, 0, bytes.length, offset + done)
    yield bytesRead === 0 ? NOT_THERE : { kind: 'bytes', bytes: bytes.subarray(0, bytesRead) }
    if (bytesRead === 0) break
    done += bytesRead
  }
}

/** Keeps the file of the last request open: the next one is about the same, as a rule. */
class RangeReader {
  readonly #pathOf: (hash: string) => Promise<string | undefined>
  #hash = ''
  #file: FileHandle | null = null

  constructor(pathOf: (hash: string) => Promise<string | undefined>) {
    this.#pathOf = pathOf
  }

  async *read({ hash, offset, length }: PayloadRequest & { kind: 'read' }): AsyncGenerator<PayloadAnswer> {
    const file = await this.#fileOf(hash)
    if (file === null) yield MISSING
    else if (length > STREAM_RANGE_BYTES) yield NOT_THERE
    else yield* readRange(file, offset, length)
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = null
  }

  async #fileOf(hash: string): Promise<FileHandle | null> {
    if (this.#hash === hash && this.#file !== null) return this.#file
    await this.close()
    const path = await this.#pathOf(hash)
    this.#file = path === undefined ? null : await open(path, 'r').catch(() => null)
    this.#hash = hash
    return this.#file
  }
}
