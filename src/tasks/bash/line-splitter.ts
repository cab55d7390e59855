import { StringDecoder } from 'node:string_decoder'

/** Longer lines come in pieces of this length: a program that never ends its line must not fill the memory. */
export const MAX_LINE_CHARS = 1024 * 1024

/** Cuts the bytes of one stream into lines of text, without their line breaks. Pure. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8')
  #unfinished = ''

  /** The lines that these bytes finish. */
  push(chunk: Uint8Array): string[] {
    return this.#add(this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)))
  }

  /** The last line, when it had no line break. */
  end(): string[] {
    const lines = this.#add(this.#decoder.end())
    const last = this.#unfinished
    this.#unfinished = ''
    return last === '' ? lines : [...lines, withoutReturn(last)]
  }

  #add(text: string): string[] {
    const lines = text.split('\n')
    lines[0] = this.#unfinished + (lines[0] ?? '')
    let unfinished = lines.pop() ?? ''
    const pieces: string[] = []
    while (unfinished.length > MAX_LINE_CHARS) {
      pieces.push(unfinished.slice(0, MAX_LINE_CHARS))
      unfinished = unfinished.slice(MAX_LINE_CHARS)
    }
    this.#unfinished = unfinished
    return [...lines.map(withoutReturn), ...pieces]
  }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}
