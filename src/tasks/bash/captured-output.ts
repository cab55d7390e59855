import { type FileHandle, open, readFile } from 'node:fs/promises'

/** A stream of a command, kept whole in a file of the attempt's scratch folder. */
export interface CapturedOutput {
  /** The file is gone when the task has ended: copy what is to stay. */
  readonly path: string
  readonly bytes: number
  text(): Promise<string>
}

/** Takes a stream in, piece by piece; never holds more than one of them. */
export class CaptureFile {
  readonly path: string
  readonly #handle: FileHandle
  #bytes = 0

  private constructor(path: string, handle: FileHandle) {
    this.path = path
    this.#handle = handle
  }

  static async create(path: string): Promise<CaptureFile> {
    return new CaptureFile(path, await open(path, 'wx'))
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#handle.appendFile(chunk)
    this.#bytes += chunk.byteLength
  }

  /** No more is to come. Safe to call twice. */
  async close(): Promise<CapturedOutput> {
    await this.#handle.close()
    const { path } = this
    return { path, bytes: this.#bytes, text: () => readFile(path, 'utf8') }
  }
}
