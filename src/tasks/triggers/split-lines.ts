/** Bytes of a file as lines, with the place in the file behind each. Pure. */

export interface Line {
  text: string
  /** Offset of the first byte behind it. */
  end: number
}

/** A longer line comes in pieces: somebody wrote a file that is no text. */
export const MAX_LINE_BYTES = 256 * 1024

const LINE_BREAK = 0x0a
const CARRIAGE_RETURN = 0x0d

export class LineBuffer {
  #rest: Uint8Array = new Uint8Array()
  #offset: number

  /** `offset`: of the first byte that it will be given. */
  constructor(offset: number) {
    this.#offset = offset
  }

  /** Behind the last whole line: from here a file can be read anew. */
  get offset(): number {
    return this.#offset
  }

  /** Bytes behind the last whole line. */
  get rest(): number {
    return this.#rest.byteLength
  }

  push(bytes: Uint8Array): Line[] {
    const all = this.#rest.byteLength === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const lines: Line[] = []
    let from = 0
    for (let at = all.indexOf(LINE_BREAK); at !== -1; at = all.indexOf(LINE_BREAK, from)) {
      from = this.#cut(lines, all, from, at + 1)
    }
    while (all.byteLength - from >= MAX_LINE_BYTES) from = this.#cut(lines, all, from, from + MAX_LINE_BYTES)
    // A copy: the bytes are the reader's.
    this.#rest = new Uint8Array(all.subarray(from))
    return lines
  }

  /** The last line, which has no line break. */
  end(): Line[] {
    const lines: Line[] = []
    if (this.#rest.byteLength > 0) this.#cut(lines, this.#rest, 0, this.#rest.byteLength)
    this.#rest = new Uint8Array()
    return lines
  }

  #cut(lines: Line[], all: Uint8Array, from: number, to: number): number {
    this.#offset += to - from
    lines.push({ text: textOf(all.subarray(from, to)), end: this.#offset })
    return to
  }
}

/** Without its line break, in whichever way that is written. */
function textOf(bytes: Uint8Array): string {
  let end = bytes.byteLength
  if (bytes[end - 1] === LINE_BREAK) end -= 1
  if (bytes[end - 1] === CARRIAGE_RETURN) end -= 1
  return Buffer.from(bytes.buffer, bytes.byteOffset, end).toString('utf8')
}
