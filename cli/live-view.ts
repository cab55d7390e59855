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

/**
 * Draws what `next` gives, every `everyMs`, until it says that this was the last picture (then undefined) or a signal comes.
 */
export async function watch(
  next: () => Promise<{ text: string; last: boolean }>,
  { stream, everyMs, signals }: { stream: NodeJS.WriteStream; everyMs: number; signals: StopSignals },
): Promise<StopSignal | undefined> {
  const view = await LiveView.on(stream)
  try {
    while (signals.firstReceived === undefined) {
      const { text, last } = await next()
      view.draw(text)
      if (last) return undefined
      await delay(everyMs, undefined, { signal: signals.first }).catch(() => undefined)
    }
    return signals.firstReceived
  } finally {
    view.done()
  }
}

/** The top of a picture that is higher than the terminal: log-update would show its bottom. */
function clip(text: string, rows = 24, columns = 80): string {
  const lines = text.split('\n').map(line => truncate(line, columns))
  if (lines.length < rows) return lines.join('\n')
  const shown = lines.slice(0, Math.max(1, rows - 2))
  return [...shown, `  … ${lines.length - shown.length} more lines`].join('\n')
}
