/** A payload on its way: a part file that is hashed as it grows, and who its bytes came from. */
import { rm } from 'node:fs/promises'
import type { BulkThreads } from '../bulk/bulk-threads.ts'
import { isDiskFault, notKept } from '../files/not-kept.ts'
import type { PayloadFiles } from '../files/payload-files.ts'
import type { PayloadRef } from '../../lease/records.ts'

export interface PartParts {
  files: PayloadFiles
  threads: Pick<BulkThreads, 'openSink' | 'feedSink' | 'settledSink' | 'finishSink' | 'dropSink'>
}

export class Part {
  readonly sink: number
  /** Peer ids whose bytes are in it. */
  readonly sources = new Set<string>()
  reached = 0
  readonly #parts: PartParts
  readonly #ref: PayloadRef
  readonly #path: string

  private constructor(parts: PartParts, ref: PayloadRef, path: string, sink: number) {
    this.#parts = parts
    this.#ref = ref
    this.#path = path
    this.sink = sink
  }

  /** Throws `LF_PAYLOAD_NOT_KEPT` when the disk does not take it. */
  static async open(parts: PartParts, ref: PayloadRef): Promise<Part> {
    try {
      const path = await parts.files.newPart(ref.hash)
      return new Part(parts, ref, path, await parts.threads.openSink({ path }))
    } catch (cause) {
      throw isDiskFault(cause) ? notKept(parts.files.folder, ref.sizeBytes, cause) : cause
    }
  }

  /** Takes the bytes over. */
  async add(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const count = bytes.length
    await this.#kept(this.#parts.threads.feedSink({ sink: this.sink, bytes }))
    this.reached += count
  }

  /** Waits until what the network's thread fed is written. Throws `LF_PAYLOAD_NOT_KEPT`. */
  async settle(): Promise<void> {
    this.reached = await this.#kept(this.#parts.threads.settledSink(this.sink))
  }

  /** True when it became the payload; false when its bytes are others than the name says. It is over in both cases. */
  async finish(): Promise<boolean> {
    const { threads, files } = this.#parts
    const hash = await this.#kept(threads.finishSink({ sink: this.sink, sync: false }))
    if (hash !== this.#ref.hash) {
      await rm(this.#path, { force: true })
      return false
    }
    // A copy: should a power cut spoil it, it is pulled again.
    await files.adopt(this.#path, hash, { durable: false })
    return true
  }

  async drop(): Promise<void> {
    await this.#parts.threads.dropSink(this.sink)
    await rm(this.#path, { force: true }).catch(() => {})
  }

  async #kept<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (cause) {
      throw isDiskFault(cause) ? notKept(this.#parts.files.folder, this.#ref.sizeBytes, cause) : cause
    }
  }
}
