/** Cuts what a task prints into lines. One per attempt; the two streams keep their own unfinished line. */
type Stream = 'stdout' | 'stderr'

/** Longer lines are cut, and say by how much: a line is a record of the log, not a way to pass data. */
export const MAX_LINE_CHARS = 16 * 1024

export class OutputLines {
  readonly #emit: (stream: Stream, line: string) => void
  readonly #unfinished = { stdout: new UnfinishedLine(), stderr: new UnfinishedLine() }

  /** `emit` gets every line without its line break, in order. */
  constructor(emit: (stream: Stream, line: string) => void) {
    this.#emit = emit
  }

  push(stream: Stream, text: string): void {
    const unfinished = this.#unfinished[stream]
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      unfinished.add(text.slice(start, end))
      this.#emit(stream, unfinished.take())
      start = end + 1
    }
    unfinished.add(text.slice(start))
  }

  /** Emits what is left without a line break. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      const unfinished = this.#unfinished[stream]
      if (!unfinished.isEmpty) this.#emit(stream, unfinished.take())
    }
  }
}

class UnfinishedLine {
  #text = ''
  #cutChars = 0

  get isEmpty(): boolean {
    return this.#text === '' && this.#cutChars === 0
  }

  add(text: string): void {
    const room = MAX_LINE_CHARS - this.#text.length
    this.#text += text.slice(0, room)
    this.#cutChars += Math.max(0, text.length - room)
  }

  take(): string {
    const line = this.#text.endsWith('\r') ? this.#text.slice(0, -1) : this.#text
    const cutChars = this.#cutChars
    this.#text = ''
    this.#cutChars = 0
    return cutChars === 0 ? line : `${line} … (${cutChars} more characters)`
  }
}
