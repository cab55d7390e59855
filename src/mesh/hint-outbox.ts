/**
 * Hints on their way out: what somebody waits for goes at once, as long as that is not too often; the rest is collected for a few
 * milliseconds and sent as few messages. Never waits, never throws, never grows beyond
 * its limit: what cannot be sent is dropped and counted, and the sweep of the others finds what it would have told them.
 */
import { encodeHints, isHint } from '../../protocols/hint-codec.ts'
import type { Hint } from '../../protocols/hints.ts'
import { MAX_HINTS_QUEUED } from '../../protocols/limits.ts'
import type { Clock, Timer } from '../core/clock.ts'
import {
  EARLY_HINT_MESSAGE_EVERY_MS,
  HINT_BATCH_DELAY_MS,
  LOAD_HINT_DELAY_MS,
  MAX_EARLY_HINT_MESSAGES,
} from './mesh-limits.ts'

export interface HintOutboxOptions {
  clock: Clock
  /** Incarnation of the ledger that the hints are about. */
  incarnation: string
  /** Sends one message. While it works, the next batch collects: a slow mesh gets fewer, fuller messages. */
  send: (message: Uint8Array) => Promise<void> | void
  batchDelayMs?: number
  loadDelayMs?: number
  maxQueued?: number
}

export class HintOutbox {
  readonly #options: Required<HintOutboxOptions>
  readonly #queue = new Map<string, Hint>()
  #session: string | undefined
  #seq = 0
  #timer: Timer | undefined
  /** When it rings (monotonic). */
  #dueMs = Number.POSITIVE_INFINITY
  /** What everybody was told last about the load. */
  #toldLoad = ''
  /** Something urgent goes out as soon as this turn of the event loop is over. */
  #hurries = false
  #sentMs = Number.NEGATIVE_INFINITY
  /** Early messages that may go; as of the moment (monotonic) when they were counted. */
  #early = MAX_EARLY_HINT_MESSAGES
  #earlyMs = Number.NEGATIVE_INFINITY
  #sending: Promise<void> | undefined
  #closed = false
  #published = 0
  #dropped = 0

  constructor(options: HintOutboxOptions) {
    this.#options = {
      batchDelayMs: HINT_BATCH_DELAY_MS,
      loadDelayMs: LOAD_HINT_DELAY_MS,
      maxQueued: MAX_HINTS_QUEUED,
      ...options,
    }
  }

  /** Hints handed to `send`, since the start. */
  get published(): number {
    return this.#published
  }

  /** Hints given up unsent, since the start. */
  get dropped(): number {
    return this.#dropped
  }

  /** From now on hints carry this session; before the first one they wait. */
  useSession(session: string): void {
    this.#session = session
    this.#seq = 0
    this.#toldLoad = ''
    this.#schedule()
  }

  add(hint: Hint): void {
    if (this.#closed) return
    if (!isHint(hint)) return void this.#dropped++
    const key = sameness(hint)
    const merged = merge(this.#queue.get(key), hint)
    // Set anew, so that the place in the queue is that of the newest word.
    this.#queue.delete(key)
    this.#queue.set(key, merged)
    if (this.#queue.size > this.#options.maxQueued) this.#dropOldest()
    if (isUrgent(hint)) this.#hurry()
    this.#schedule()
  }

  /** Messages with these hints, for one peer alone and now; none before the first session. What waits here goes on waiting. */
  toMessages(hints: readonly Hint[]): Uint8Array[] {
    const valid = hints.filter(isHint)
    this.#dropped += hints.length - valid.length
    const messages = this.#closed || valid.length === 0 ? [] : this.#encode(valid)
    if (messages.length > 0) this.#published += valid.length
    // What this peer was told now is not what all were told last: the next word is news to it.
    if (valid.some(hint => hint.kind === 'load' && JSON.stringify(hint) !== this.#toldLoad)) this.#toldLoad = ''
    return messages
  }

  /** Sends what is queued and takes no more. Resolves when all of it was handed to `send`. */
  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    this.#timer = undefined
    while (this.#sending !== undefined || this.#canSend()) await this.#flush()
  }

  #canSend(): boolean {
    return this.#session !== undefined && this.#queue.size > 0
  }

  #schedule(): void {
    if (this.#closed || this.#sending !== undefined || !this.#canSend()) return
    const { clock, batchDelayMs, loadDelayMs } = this.#options
    const isLoadAlone = this.#queue.values().every(hint => hint.kind === 'load' && !hint.draining)
    const delayMs = isLoadAlone ? loadDelayMs : batchDelayMs
    const dueMs = clock.monotonicMs() + delayMs
    if (this.#timer !== undefined && this.#dueMs <= dueMs) return
    this.#timer?.cancel()
    this.#dueMs = dueMs
    this.#timer = clock.timer(delayMs, () => {
      this.#timer = undefined
      void this.#flush()
    })
  }

  #hurry(): void {
    if (this.#hurries || this.#sending !== undefined || !this.#canSend() || !this.#mayGoEarly()) return
    this.#hurries = true
    queueMicrotask(() => {
      this.#hurries = false
      if (this.#closed || !this.#canSend()) return
      this.#timer?.cancel()
      this.#timer = undefined
      void this.#flush()
    })
  }

  /** Where none went for as long as hints wait otherwise, there are no more messages for it. */
  #mayGoEarly(): boolean {
    const { clock, batchDelayMs } = this.#options
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#sentMs >= batchDelayMs) return true
    const more = (nowMs - this.#earlyMs) / EARLY_HINT_MESSAGE_EVERY_MS
    this.#early = Math.min(MAX_EARLY_HINT_MESSAGES, this.#early + more)
    this.#earlyMs = nowMs
    if (this.#early < 1) return false
    this.#early -= 1
    return true
  }

  #flush(): Promise<void> {
    this.#sending ??= this.#sendQueued().finally(() => {
      this.#sending = undefined
      this.#schedule()
    })
    return this.#sending
  }

  async #sendQueued(): Promise<void> {
    const hints = Array.from(this.#queue.values()).filter(hint => this.#isNews(hint))
    this.#queue.clear()
    if (hints.length === 0) return
    this.#sentMs = this.#options.clock.monotonicMs()
    for (const message of this.#encode(hints)) {
      try {
        await this.#options.send(message)
      } catch {
        // A hint that could not be sent is a hint that was lost: nobody depends on it. `send` counts what it must.
      }
    }
    this.#published += hints.length
  }

  #encode(hints: readonly Hint[]): Uint8Array[] {
    const session = this.#session
    if (session === undefined) return []
    const messages = encodeHints({ ledger: this.#options.incarnation, session, seq: this.#seq }, hints)
    this.#seq += messages.length
    return messages
  }

  #isNews(hint: Hint): boolean {
    if (hint.kind !== 'load') return true
    const load = JSON.stringify(hint)
    if (load === this.#toldLoad) return false
    this.#toldLoad = load
    return true
  }

  #dropOldest(): void {
    const [oldest] = this.#queue.keys()
    if (oldest !== undefined) this.#queue.delete(oldest)
    this.#dropped++
  }
}

/** Somebody may be waiting for it with nothing else to do. */
function isUrgent({ kind }: Hint): boolean {
  return kind === 'ready' || kind === 'ended' || kind === 'stopping'
}

/** Hints with the same key say the same thing, or the later one makes the earlier one obsolete. */
function sameness(hint: Hint): string {
  if (hint.kind === 'load') return 'load'
  if (hint.kind === 'ready') return JSON.stringify([hint.kind, hint.queue, hint.run])
  return JSON.stringify(hint)
}

function merge(earlier: Hint | undefined, later: Hint): Hint {
  const isMore = earlier?.kind === 'ready' && later.kind === 'ready'
  return isMore ? { ...later, count: earlier.count + later.count } : later
}
