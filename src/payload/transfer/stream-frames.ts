/** Frames on a stream, with the brakes that libp2p's own iteration lacks, and an end when nothing moves. */
import type { Duplex } from 'node:stream'
import * as lengthPrefixed from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import type { Clock, Timer } from '../../core/clock.ts'

/** The frames that arrive, each at most `maxBytes` long; a longer one ends the stream with an error. */
export function framesOf(duplex: Duplex, maxBytes: number): AsyncGenerator<Uint8Array> {
  return pipe(
    duplex as AsyncIterable<Uint8Array>,
    chunks => lengthPrefixed.decode(chunks, { maxDataLength: maxBytes }),
    async function* (frames) {
      for await (const frame of frames) yield frame.subarray()
    },
  )
}

/** Sends frames one after the other, each when the one before has left. */
export async function sendFrames(duplex: Duplex, frames: AsyncIterable<Uint8Array>): Promise<void> {
  await pipe(
    frames,
    all => lengthPrefixed.encode(all),
    async chunks => {
      for await (const chunk of chunks) await write(duplex, chunk)
    },
  )
}

async function write(duplex: Duplex, chunk: Uint8Array): Promise<void> {
  if (!duplex.write(chunk) && !duplex.destroyed) {
    await new Promise<void>(resolve => {
      const done = () => {
        duplex.off('drain', done)
        duplex.off('close', done)
        resolve()
      }
      duplex.on('drain', done)
      duplex.on('close', done)
    })
  }
  if (duplex.destroyed) throw duplex.errored ?? new Error('the stream was ended')
}

/** Destroys a stream on which nothing moved for a time. */
export class IdleLimit {
  readonly #duplex: Duplex
  readonly #clock: Pick<Clock, 'timer'>
  readonly #limitMs: number
  #timer: Timer

  constructor(duplex: Duplex, clock: Pick<Clock, 'timer'>, limitMs: number) {
    this.#duplex = duplex
    this.#clock = clock
    this.#limitMs = limitMs
    this.#timer = this.#arm()
    duplex.once('close', () => this.#timer.cancel())
  }

  /** Something moved. */
  touch(): void {
    this.#timer.cancel()
    if (!this.#duplex.destroyed) this.#timer = this.#arm()
  }

  #arm(): Timer {
    return this.#clock.timer(this.#limitMs, () => this.#duplex.destroy(new Error('nothing moved for too long')))
  }
}
