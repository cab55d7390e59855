/**
 * Takes one output of a command in until it ends. Each output has a drain to itself, so that a command that fills the one never waits
 * for somebody who reads the other.
 */
import type { Readable } from 'node:stream'
import type { CaptureFile } from './captured-output.ts'
import { LineSplitter } from './line-splitter.ts'

export interface DrainParts {
  stream: Readable
  capture: CaptureFile | null
  /** Called line by line; the stream waits for what it returns. Never throws. */
  onLine: (line: string) => void | Promise<void>
  /** Told when the capture cannot be written. */
  onFailure: (error: unknown) => void
}

export class OutputDrain {
  /** Resolves when the stream has ended and its last line was handled; never rejects. */
  readonly over: Promise<void>
  readonly #parts: DrainParts
  readonly #splitter = new LineSplitter()
  #pieces = 0
  #isHandling = false
  #isOver = false

  constructor(parts: DrainParts) {
    this.#parts = parts
    this.over = this.#run()
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Pieces that have arrived; null while one is being handled: then it is not the command that is slow. */
  get arrived(): number | null {
    return this.#isHandling ? null : this.#pieces
  }

  /** Ends it although somebody still holds the other end. */
  cut(): void {
    this.#parts.stream.destroy()
  }

  async #run(): Promise<void> {
    try {
      for await (const chunk of this.#parts.stream) await this.#take(chunk as Uint8Array)
    } catch {
      // It was cut, or the pipe broke: what arrived counts.
    }
    await this.#tell(this.#splitter.end())
    this.#isOver = true
  }

  async #take(chunk: Uint8Array): Promise<void> {
    this.#isHandling = true
    this.#pieces += 1
    await this.#parts.capture?.write(chunk).catch(this.#parts.onFailure)
    await this.#tell(this.#splitter.push(chunk))
    this.#isHandling = false
  }

  async #tell(lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      const pending = this.#parts.onLine(line)
      if (pending !== undefined) await pending
    }
  }
}
