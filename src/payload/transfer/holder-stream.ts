/** The asking side of a stream to one holder. Ended by its signal at once, and by itself when the holder stops answering. */
import {
  decodePayloadAnswer,
  encodePayloadMessage,
  PAYLOAD_PROTOCOL,
  type PayloadAnswer,
  type PayloadRequest,
} from '../../../protocols/payload-messages.ts'
import * as lengthPrefixed from 'it-length-prefixed'
import type { Clock } from '../../core/clock.ts'
import {
  HOLDER_ANSWERS_WITHIN_MS,
  MAX_STREAM_FRAME_BYTES,
  STREAM_IDLE_MS,
  STREAM_RANGE_BYTES,
  STREAM_RANGES_OUTSTANDING,
} from '../payload-limits.ts'
import type { PayloadNetwork, PayloadStream } from '../payload-network.ts'
import { framesOf, IdleLimit } from './stream-frames.ts'

export class HolderStream {
  readonly host: string | null
  readonly #stream: PayloadStream
  readonly #answers: AsyncGenerator<Uint8Array>
  readonly #idle: IdleLimit
  readonly #release: () => void

  /** Throws when the holder cannot be reached in time. */
  static async open(
    network: Pick<PayloadNetwork, 'openStream'>,
    holder: string,
    clock: Clock,
    signal: AbortSignal,
  ): Promise<HolderStream> {
    const deadline = new AbortController()
    const timer = clock.timer(HOLDER_ANSWERS_WITHIN_MS, () => deadline.abort())
    try {
      const within = AbortSignal.any([signal, deadline.signal])
      return new HolderStream(await network.openStream(holder, PAYLOAD_PROTOCOL, within), clock, signal)
    } finally {
      timer.cancel()
    }
  }

  private constructor(stream: PayloadStream, clock: Clock, signal: AbortSignal) {
    this.host = stream.host
    this.#stream = stream
    const { duplex } = stream
    // Told to whoever reads the answers.
    duplex.on('error', () => {})
    const abort = () => void duplex.destroy(new Error('cancelled'))
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
    this.#release = () => signal.removeEventListener('abort', abort)
    this.#answers = framesOf(duplex, MAX_STREAM_FRAME_BYTES)
    this.#idle = new IdleLimit(duplex, clock, STREAM_IDLE_MS)
  }

  /** One question, one answer. */
  async ask(request: PayloadRequest): Promise<PayloadAnswer> {
    this.#send(request)
    return this.#next()
  }

  /** The same for what takes its time: the other side says now and then that it is at it. */
  async askPatiently(request: PayloadRequest): Promise<PayloadAnswer> {
    let answer = await this.ask(request)
    while (answer.kind === 'noted') answer = await this.#next()
    return answer
  }

  /**
   * Hands the bytes from `offset` to `end` to `take`, in order, and waits for it: several ranges are asked for ahead, so that the way is
   * full, and no more than can be held. Throws when the holder does not have them or breaks off.
   */
  async read(
    { hash, offset, end }: { hash: string; offset: number; end: number },
    take: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
  ): Promise<void> {
    let asked = offset
    let received = offset
    const askAhead = () => {
      while (asked < end && asked - received < STREAM_RANGES_OUTSTANDING * STREAM_RANGE_BYTES) {
        const length = Math.min(STREAM_RANGE_BYTES, end - asked)
        this.#send({ kind: 'read', hash, offset: asked, length })
        asked += length
      }
    }
    for (askAhead(); received < end; askAhead()) {
      const answer = await this.#next()
      if (answer.kind !== 'bytes') throw new Error(answer.kind === 'no' ? answer.why : 'it answered something else')
      received += answer.bytes.length
      if (answer.bytes.length === 0 || received > asked) throw new Error('it sent what was not asked for')
      await take(answer.bytes)
    }
  }

  close(): void {
    this.#release()
    this.#stream.duplex.destroy()
  }

  #send(request: PayloadRequest): void {
    // Requests are tiny and few are under way: they need no brake.
    for (const chunk of lengthPrefixed.encode([encodePayloadMessage(request)])) this.#stream.duplex.write(chunk)
  }

  async #next(): Promise<PayloadAnswer> {
    const { done, value } = await this.#answers.next()
    this.#idle.touch()
    if (done === true) throw new Error('it ended the stream')
    return decodePayloadAnswer(value)
  }
}
