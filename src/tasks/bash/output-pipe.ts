/** The pipe through which one output of a command arrives. */
import { closeSync, constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'

export class OutputPipe {
  readonly stream: Readable
  #writeEnd: number | null

  /** `path`: a named pipe. Opened from both ends at once, so that it has not ended before the command has it. */
  constructor(path: string) {
    const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    this.stream = new Socket({ fd: readEnd, readable: true, writable: false })
    this.#writeEnd = openSync(path, constants.O_WRONLY)
  }

  /** For the command: a file descriptor. */
  get writeEnd(): number {
    if (this.#writeEnd === null) throw new Error('this pipe was handed over already')
    return this.#writeEnd
  }

  /** The command has its own: the stream ends when nobody holds the pipe any more. */
  handOver(): void {
    if (this.#writeEnd !== null) closeSync(this.#writeEnd)
    this.#writeEnd = null
  }

  close(): void {
    this.handOver()
    this.stream.destroy()
  }
}
