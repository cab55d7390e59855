/** A view that is drawn again and again: in place on a terminal; elsewhere a new copy whenever something changed. */
import { setTimeout as delay } from 'node:timers/promises'
import { truncate } from './render/text.ts'
import type { StopSignal, StopSignals } from './stop-signals.ts'

interface Update {
  (text: string): void
  clear(): void
  done(): void
}

export class LiveView {
  readonly #stream: NodeJS.WriteStream
  readonly #update: Update | undefined
  #last: string | undefined

  private constructor(stream: NodeJS.WriteStream, update: Update | undefined) {
    this.#stream = stream
    this.#update = update
  }

  static async on(stream: NodeJS.WriteStream): Promise<LiveView> {
    if (!stream.isTTY) return new LiveView(stream, undefined)
    const { createLogUpdate } = await import('log-update')
    return new LiveView(stream, createLogUpdate(stream))
  }

  draw(text: string): void {
    if (text === this.#last) return
    this.#last = text
    if (this.#update === undefined) this.#stream.write(`${text}\n\n`)
    else this.#update(clip(text, this.#stream.rows, this.#stream.columns))
  }

  /** Leaves the last picture on the screen. */
  done(): void {
    this.#update?.done()
  }

  /** Takes the picture away. */
  clear(): void {
    this.#update?.clear()
    this.#update?.done()
  }
}

export interface WatchOptions {
  stream: NodeJS.WriteStream
  everyMs: number
  signals: StopSignals
  /** Where `q` ends it, when it is a terminal. */
  keys?: NodeJS.ReadStream
}

/** A picture that is dear is drawn more seldom: reading for it takes at most this share of the time. */
const MAX_READING_SHARE = 1 / 4

/**
 * Draws what `next` gives, every `everyMs` and when the terminal changes its size, until it says that this was the last picture or
 * somebody presses q (then undefined), or a signal comes.
 */
export async function watch(
  next: () => Promise<{ text: string; last: boolean }>,
  { stream, everyMs, signals, keys }: WatchOptions,
): Promise<StopSignal | undefined> {
  const view = await LiveView.on(stream)
  const quit = new AbortController()
  const deaf = keys === undefined || !stream.isTTY ? () => {} : hearKeys(keys, () => quit.abort())
  const over = AbortSignal.any([signals.first, quit.signal])
  try {
    while (!over.aborted) {
      const startedMs = performance.now()
      const { text, last } = await next()
      view.draw(text)
      if (last) return undefined
      const readingMs = performance.now() - startedMs
      await pause(Math.max(everyMs, readingMs / MAX_READING_SHARE), stream, over)
    }
    return signals.firstReceived
  } finally {
    deaf()
    view.done()
  }
}

async function pause(ms: number, stream: NodeJS.WriteStream, over: AbortSignal): Promise<void> {
  const resized = new AbortController()
  const wake = (): void => resized.abort()
  stream.once('resize', wake)
  await delay(ms, undefined, { signal: AbortSignal.any([over, resized.signal]) }).catch(() => undefined)
  stream.off('resize', wake)
}

/** In raw mode the terminal sends Ctrl-C as a byte instead of a signal. Returns the function that ends it. */
function hearKeys(keys: NodeJS.ReadStream, quit: () => void): () => void {
  if (!keys.isTTY) return () => {}
  const hear = (bytes: Buffer): void => {
    const text = bytes.toString()
    if (text.includes('\u0003')) process.kill(process.pid, 'SIGINT')
    else if (/[qQ]/.test(text)) quit()
  }
  keys.setRawMode(true)
  keys.on('data', hear)
  keys.resume()
  return () => {
    keys.off('data', hear)
    keys.setRawMode(false)
    keys.pause()
  }
}

/** The top of a picture that is higher than the terminal: log-update would show its bottom. */
function clip(text: string, rows = 24, columns = 80): string {
  const lines = text.split('\n').map(line => truncate(line, columns))
  if (lines.length < rows) return lines.join('\n')
  const shown = lines.slice(0, Math.max(1, rows - 2))
  return [...shown, `  … ${lines.length - shown.length} more lines`].join('\n')
}
