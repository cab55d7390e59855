/** SIGINT and SIGTERM as a sequence: the first asks, the second insists. */
import { EXIT } from './error-report.ts'

export type StopSignal = 'SIGINT' | 'SIGTERM'

/**
 * Ctrl-C reaches a process twice when a parent (npm, an init system) forwards it too: what comes together counts once. Nobody who
 * means it presses twice within this time.
 */
const TOGETHER_MS = 250

export interface SignalSource {
  on(signal: StopSignal, listener: () => void): unknown
  off(signal: StopSignal, listener: () => void): unknown
}

export class StopSignals {
  readonly #source: SignalSource
  readonly #now: () => number
  readonly #received: StopSignal[] = []
  readonly #waiting: ((signal: StopSignal) => void)[] = []
  readonly #first = new AbortController()
  #lastAt = Number.NEGATIVE_INFINITY

  /** Listens from now on; `now` in milliseconds. */
  constructor(source: SignalSource = process, now: () => number = () => performance.now()) {
    this.#source = source
    this.#now = now
    source.on('SIGINT', this.#onInterrupt)
    source.on('SIGTERM', this.#onTerminate)
  }

  /** Aborts with the first signal. */
  get first(): AbortSignal {
    return this.#first.signal
  }

  /** The first signal, once it has come. */
  get firstReceived(): StopSignal | undefined {
    return this.#first.signal.aborted ? (this.#first.signal.reason as StopSignal) : undefined
  }

  /** The next signal, also one that came before. */
  next(): Promise<StopSignal> {
    const received = this.#received.shift()
    if (received !== undefined) return Promise.resolve(received)
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  /** Stops listening: the signals then end the process as usual. */
  close(): void {
    this.#source.off('SIGINT', this.#onInterrupt)
    this.#source.off('SIGTERM', this.#onTerminate)
    this.#waiting.length = 0
  }

  readonly #onInterrupt = (): void => this.#receive('SIGINT')
  readonly #onTerminate = (): void => this.#receive('SIGTERM')

  #receive(signal: StopSignal): void {
    const now = this.#now()
    const again = now - this.#lastAt < TOGETHER_MS
    this.#lastAt = now
    if (again) return
    this.#first.abort(signal)
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#received.push(signal)
    else waiting(signal)
  }
}

/** What a shell reports for a process that this signal ended. */
export function exitCodeOf(signal: StopSignal): number {
  return signal === 'SIGINT' ? EXIT.sigint : EXIT.sigterm
}
