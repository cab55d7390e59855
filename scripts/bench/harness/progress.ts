/** What a bench is at, on one line of a terminal that changes; elsewhere a line now and then. */
import { truncate } from '../../../cli/render/text.ts'

/** Where lines stay: more would hide the rest of a log. */
const QUIET_MS = 10_000

interface Screen {
  write: (text: string) => unknown
  isTTY?: boolean
  columns?: number
}

interface Part {
  done: number
  all: number
}

export class Progress {
  readonly #screen: Screen
  readonly #nowMs: () => number
  /** Of the first part. */
  #startedMs: number | null = null
  #shownMs = -Infinity
  #isShown = false

  constructor(screen: Screen, nowMs: () => number) {
    this.#screen = screen
    this.#nowMs = nowMs
  }

  show(what: string, part?: Part): void {
    if (part !== undefined) this.#startedMs ??= this.#nowMs()
    const tookMs = this.#nowMs() - (this.#startedMs ?? this.#nowMs())
    const text = part === undefined ? what : `${what}${describePart(part, tookMs)}`
    if (this.#screen.isTTY === true) {
      this.#screen.write(`\r\u001b[K${truncate(text, (this.#screen.columns ?? 80) - 1)}`)
      this.#isShown = true
    } else if (this.#nowMs() - this.#shownMs >= QUIET_MS) {
      this.#screen.write(`${text}\n`)
      this.#shownMs = this.#nowMs()
    }
  }

  say(line: string): void {
    this.clear()
    this.#screen.write(`${line}\n`)
  }

  /** The line that changes goes away. */
  clear(): void {
    if (this.#isShown) this.#screen.write('\r\u001b[K')
    this.#isShown = false
  }
}

/** As if what is to come took as long as what was. */
function describePart({ done, all }: Part, tookMs: number): string {
  const counted = ` (${done + 1} of ${all}`
  if (done === 0) return `${counted})`
  const leftS = Math.ceil(((tookMs / done) * (all - done)) / 1000)
  return `${counted}, about ${leftS < 90 ? `${leftS} s` : `${Math.round(leftS / 60)} min`} left)`
}
