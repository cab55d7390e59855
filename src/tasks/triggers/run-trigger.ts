/**
 * The loop of every trigger: looks at its source, hands over what is new in batches, one after the other, and keeps in the store how far it is.
 *
 * A batch is recorded before it is handed over and again afterwards. When the peer dies between the two, the next attempt hands over the same
 * batch again, first of all: callbacks come at least once, and the DAGs that they start exactly once.
 */
import type { Clock } from '../../core/clock.ts'
import { hasCode, LightflowError } from '../../core/errors.ts'
import { DEFAULT_MAX_DEATHS } from '../../workflow/plan.ts'
import { HandOver, StopTask } from '../../workflow/signals.ts'
import type { TaskCall, TaskTools } from '../../workflow/task-call.ts'
import type { BatchBook, BatchState } from './batch-book.ts'
import { batchSignal } from './batch-signal.ts'

export interface TriggerSource<Item> {
  /** In words: `files`. */
  readonly what: string
  /** Begins at a mark, or with null for the first time: then resolves with what is left out and where it begins. */
  start(mark: unknown): Promise<unknown>
  /** Looks what is new. `isEnding`: what is complete without anything to follow counts as ready. */
  look(isEnding: boolean): Promise<void>
  /** Items that may be handed over. */
  readonly ready: number
  /** The rest is to be handed over although it is no whole batch. */
  readonly isFlushing: boolean
  /** Things seen that are not ready: still being written. */
  readonly unready: number
  /** Takes `count` items, oldest first (fewer only when they are the rest); the mark is that behind them. Null: there are not so many. */
  take(count: number, isRest: boolean): Promise<{ items: Item[]; mark: unknown } | null>
  /** When the next look can bring something, in milliseconds. */
  readonly pauseMs: number
  /** Something seems to be new: it need not wait so long. */
  readonly isHinted: boolean
  close(): void
}

export interface TriggerRules {
  /** Items of a batch. */
  aggregate: number
  /** Ends after so many items; null = never. */
  maxItems: number | null
  /** Ends when nothing new has come for so long; null = never. */
  stopAfterIdleMs: number | null
  /** Asked before each look, with the number of items so far: true ends it, once all that is there is handed over. */
  stopWhen: ((handed: number) => boolean | Promise<boolean>) | null
  /** When ending: how long what is still being written is waited for. */
  endWithinMs: number
}

export interface TriggerParts<Item> {
  task: string
  source: TriggerSource<Item>
  book: BatchBook<Item>
  call: TaskCall
  log: TaskTools
  clock: Clock
  rules: TriggerRules
  deliver: (items: Item[], batch: number, call: TaskCall) => unknown
}

/** A single look may miss what is made while it is taken. */
const LOOKS_AT_END = 2
/** Whether it is to stop, to hand over or to end is looked at this often. */
const GLANCE_EVERY_MS = 100

/** Resolves when the trigger has come to its end. Throws a HandOver when its peer is to leave. */
export async function runTrigger<Item>(parts: TriggerParts<Item>): Promise<void> {
  try {
    await new Trigger(parts, await begin(parts)).run()
  } finally {
    parts.source.close()
  }
}

async function begin<Item>({ source, book, call }: TriggerParts<Item>): Promise<BatchState<Item>> {
  const kept = await book.read()
  if (kept !== null) {
    await source.start(kept.mark)
    return kept
  }
  const { attempt } = call.context
  const state = { number: 0, handed: 0, pending: null, deaths: 0, attempt, mark: await source.start(null) }
  await book.write(state)
  return state
}

class Trigger<Item> {
  readonly #parts: TriggerParts<Item>
  #state: BatchState<Item>
  #lastNewMs: number
  #lastReady = 0
  #endingSinceMs: number | null = null
  #looksAtEnd = 0

  constructor(parts: TriggerParts<Item>, state: BatchState<Item>) {
    this.#parts = parts
    this.#state = state
    this.#lastNewMs = parts.clock.monotonicMs()
  }

  async run(): Promise<void> {
    if (this.#state.pending !== null) await this.#repeat(this.#state.pending)
    while (!this.#isFull()) {
      this.#checkStays()
      await this.#askWhetherItEnds()
      const { source } = this.#parts
      await source.look(this.#endingSinceMs !== null)
      this.#noteNews()
      if (this.#endingSinceMs !== null) this.#looksAtEnd += 1
      await this.#handOverReady()
      if (this.#isAtEnd()) return this.#tellWhatIsLeft()
      await this.#pause()
    }
  }

  /** However long that takes: what has been there since before the end is not to be missed for it. */
  async #handOverReady(): Promise<void> {
    const { source, clock } = this.#parts
    const sinceMs = clock.monotonicMs()
    await this.#handOverWhole()
    if (source.isFlushing || this.#isAtEnd()) await this.#handOverRest()
    if (this.#endingSinceMs !== null) this.#endingSinceMs += clock.monotonicMs() - sinceMs
  }

  async #handOverWhole(): Promise<void> {
    const { source, rules } = this.#parts
    let goesOn = true
    while (goesOn && source.ready >= rules.aggregate && !this.#isFull())
      goesOn = await this.#handOver(rules.aggregate, false)
  }

  async #handOverRest(): Promise<void> {
    const { source, rules } = this.#parts
    let goesOn = true
    while (goesOn && source.ready > 0 && !this.#isFull()) {
      goesOn = await this.#handOver(Math.min(source.ready, rules.aggregate), true)
    }
  }

  /** False when there was less to take than it seemed. */
  async #handOver(count: number, isRest: boolean): Promise<boolean> {
    this.#checkStays()
    const { source, rules, call } = this.#parts
    const left = rules.maxItems === null ? count : rules.maxItems - this.#state.handed
    const taken = await source.take(Math.min(count, left), isRest)
    if (taken === null) return false
    const { items, mark } = taken
    const { number, handed } = this.#state
    const { attempt } = call.context
    const next = { number: number + 1, handed: handed + items.length, pending: items, deaths: 0, attempt, mark }
    await this.#write(next)
    await this.#deliver(items)
    return true
  }

  /** Who was released in the middle is not counted; who died there may have died of it. */
  async #repeat(items: Item[]): Promise<void> {
    const { task, call, source } = this.#parts
    const { attempt } = call.context
    const deaths = this.#state.deaths + (attempt > this.#state.attempt ? 1 : 0)
    if (deaths >= DEFAULT_MAX_DEATHS) throw givenUp(task, source.what, this.#state.number, items)
    await this.#write({ ...this.#state, deaths, attempt })
    await this.#deliver(items)
  }

  async #deliver(items: Item[]): Promise<void> {
    const { call, deliver } = this.#parts
    const { number } = this.#state
    try {
      await deliver(items, number, { ...call, signal: batchSignal(call.signal, number) })
    } catch (error) {
      if (call.signal.isStopped && hasCode(error, 'LF_RUN_STOPPING')) throw this.#notStarted(items)
      // It ended in good order, so it killed nobody.
      await this.#noteGoodOrder()
      throw error
    }
    await this.#write({ ...this.#state, pending: null, deaths: 0 })
  }

  /** What is thrown matters more than whether this can be kept. */
  async #noteGoodOrder(): Promise<void> {
    const { call } = this.#parts
    if (call.signal.abort.aborted) return
    await this.#write({ ...this.#state, deaths: 0, attempt: call.context.attempt + 1 }).catch(() => {})
  }

  async #write(state: BatchState<Item>): Promise<void> {
    await this.#parts.book.write(state)
    this.#state = state
  }

  #isFull(): boolean {
    const { maxItems } = this.#parts.rules
    return maxItems !== null && this.#state.handed >= maxItems
  }

  /** Throws when the attempt is over, and when its peer is to leave. */
  #checkStays(): void {
    const { signal } = this.#parts.call
    signal.abort.throwIfAborted()
    if (signal.isDraining && !signal.isStopped) {
      throw new HandOver('The trigger moves on, as its peer is to leave; nothing is lost.')
    }
  }

  #noteNews(): void {
    const { source, clock } = this.#parts
    if (source.unready > 0 || source.ready !== this.#lastReady) this.#lastNewMs = clock.monotonicMs()
    this.#lastReady = source.ready
  }

  /** Asked before a look, so that what was there before it became true is seen. */
  async #askWhetherItEnds(): Promise<void> {
    if (this.#endingSinceMs !== null) return
    const { call, clock, rules } = this.#parts
    const idleMs = clock.monotonicMs() - this.#lastNewMs
    const isIdle = rules.stopAfterIdleMs !== null && idleMs >= rules.stopAfterIdleMs
    const ends = isIdle || call.signal.isStopped || (await rules.stopWhen?.(this.#state.handed)) === true
    if (ends) this.#endingSinceMs = clock.monotonicMs()
  }

  #isAtEnd(): boolean {
    if (this.#endingSinceMs === null) return false
    const { source, clock, rules } = this.#parts
    const isQuiet = source.unready === 0 && this.#looksAtEnd >= LOOKS_AT_END
    return isQuiet || clock.monotonicMs() - this.#endingSinceMs >= rules.endWithinMs
  }

  #tellWhatIsLeft(): void {
    const { source, log } = this.#parts
    if (source.unready === 0) return
    log.output('stderr', `${source.unready} ${source.what} were still being written and are not handed over`)
  }

  #notStarted(items: readonly Item[]): StopTask {
    const { source, log } = this.#parts
    const count = items.length + source.ready
    log.output('stderr', `${count} ${source.what} are not handed over, since the run is stopping and starts no DAG`)
    return new StopTask(`The run is stopping: ${count} ${source.what} were not handed over.`)
  }

  async #pause(): Promise<void> {
    const { clock, call, source } = this.#parts
    const { signal } = call
    const untilMs = clock.monotonicMs() + source.pauseMs
    const isAwaited = (): boolean => signal.isDraining || (signal.isStopped && this.#endingSinceMs === null)
    for (;;) {
      const leftMs = untilMs - clock.monotonicMs()
      if (leftMs <= 0 || signal.abort.aborted || source.isHinted || isAwaited()) return
      await clock.sleep(Math.min(leftMs, GLANCE_EVERY_MS), signal.abort)
    }
  }
}

function givenUp(task: string, what: string, batch: number, items: readonly unknown[]): LightflowError {
  const first = typeof items[0] === 'string' ? ` (the first: "${items[0].slice(0, 200)}")` : ''
  const message = `The task "${task}" gave up: ${DEFAULT_MAX_DEATHS} peers died while they dealt with batch ${batch}, ${items.length} ${what}${first}.`
  return new LightflowError('LF_TRIGGER_BATCH', message, {
    hint: 'Look for a crash or for too little memory in its callback. Start a DAG for heavy work instead of doing it there.',
  })
}
