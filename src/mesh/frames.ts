/** Messages on a stream that is kept open: each with its length before it, in two bytes. */
import { LightflowError } from '../core/errors.ts'

const HEAD_BYTES = 2

/** `message` must be shorter than 64 KiB. */
export function toFrame(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEAD_BYTES + message.byteLength)
  new DataView(frame.buffer).setUint16(0, message.byteLength)
  frame.set(message, HEAD_BYTES)
  return frame
}

/** Puts together what arrives in pieces of any size. Never keeps more than one message of `maxBytes`. */
export class FrameReader {
  readonly #maxBytes: number
  #rest = new Uint8Array(0)

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The messages that are complete now. Throws `LF_DECODE` when a longer one is announced: nothing on this stream can be read any more. */
  push(piece: Uint8Array): Uint8Array[] {
    const bytes = this.#rest.byteLength === 0 ? piece : join(this.#rest, piece)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const messages: Uint8Array[] = []
    let at = 0
    while (at + HEAD_BYTES <= bytes.byteLength) {
      const length = view.getUint16(at)
      if (length > this.#maxBytes) throw tooLong(length)
      const end = at + HEAD_BYTES + length
      if (end > bytes.byteLength) break
      messages.push(copyOf(bytes.subarray(at + HEAD_BYTES, end)))
      at = end
    }
    this.#rest = copyOf(bytes.subarray(at))
    return messages
  }
}

/** `slice` of a Buffer would be no copy. */
function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

function join(one: Uint8Array, other: Uint8Array): Uint8Array {
  const joined = new Uint8Array(one.byteLength + other.byteLength)
  joined.set(one)
  joined.set(other, one.byteLength)
  return joined
}

function tooLong(bytes: number): LightflowError {
  return new LightflowError('LF_DECODE', `A message of ${bytes} bytes is longer than any may be.`)
}
