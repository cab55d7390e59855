/**
 * Fetches payloads that are not on this host: from the holders that are named with them, then from whoever told the mesh to have them.
 * What arrived is kept when a connection breaks; the hash is checked as the bytes come, and a holder whose bytes are wrong is not asked
 * again. The same payload asked for twice at once is fetched once.
 */
import type { Clock } from '../../core/clock.ts'
import { hasCode } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import type { Random } from '../../core/random.ts'
import type { PayloadRef } from '../../lease/records.ts'
import type { BulkThreads } from '../bulk/bulk-threads.ts'
import type { PayloadFiles } from '../files/payload-files.ts'
import { isHash, payloadLost, payloadMissing } from '../name-payload.ts'
import { MAX_ASKED_FOR_AT_ONCE, MAX_PULLS_AT_ONCE, MAX_PULLS_WAITING } from '../payload-limits.ts'
import type { PayloadNetwork } from '../payload-network.ts'
import { type Aside, Pull } from './pull.ts'
import { type HeldTurn, Turns } from './turns.ts'

export interface PullerParts {
  network: Pick<PayloadNetwork, 'peer' | 'connected' | 'openStream' | 'provide' | 'findProviders'>
  files: PayloadFiles
  threads: BulkThreads
  clock: Clock
  random: Random
  log: Log
  /** False: everything goes over the streams of the mesh. */
  direct?: boolean
}

export interface PullMetrics {
  pulls: number
  pulledBytes: number
  /** Received and thrown away, because nobody gave the rest, or it was something else. */
  wastedBytes: number
  /** Pulls that found nobody. */
  lost: number
  /** Pulls of which a part came over a direct connection. */
  direct: number
  /** Times that a holder sent other bytes than the name says. */
  corrupt: number
}

export interface PullOptions {
  /** Without the help of peers that do not have it. */
  alone?: boolean
}

interface Shared {
  pull: Pull
  alone: boolean
  result: Promise<void>
  abort: AbortController
  waiting: number
}

export class Puller {
  readonly metrics: PullMetrics = { pulls: 0, pulledBytes: 0, wastedBytes: 0, lost: 0, direct: 0, corrupt: 0 }
  readonly #parts: PullerParts
  readonly #turns = new Turns({ atOnce: MAX_PULLS_AT_ONCE, waiting: MAX_PULLS_WAITING })
  /**
   * Of those that wait for what other peers fetch for them. They have no turn meanwhile: two peers that ask each other for as much as they
   * fetch at a time would both wait for ever.
   */
  readonly #asking = new Turns({ atOnce: MAX_ASKED_FOR_AT_ONCE, waiting: MAX_PULLS_WAITING })
  readonly #running = new Map<string, Shared>()
  readonly #stopping = new AbortController()

  constructor(parts: PullerParts) {
    this.#parts = parts
  }

  /**
   * Resolves when the payload is a file of this host. Throws `LF_PAYLOAD_LOST` when nobody has it, `LF_PAYLOAD_NOT_KEPT` when the disk
   * does not take it, and the signal's reason when it aborts.
   */
  async pull(ref: PayloadRef, signal: AbortSignal, options: PullOptions = {}): Promise<void> {
    signal.throwIfAborted()
    if (!isHash(ref.hash) || this.#stopping.signal.aborted) throw payloadMissing(ref)
    const shared = this.#running.get(ref.hash) ?? this.#start(ref, options)
    try {
      await this.#join(shared, signal)
    } catch (error) {
      // Who had it fetched for themselves named fewer holders, and did not want others to be asked.
      if (!shared.alone || options.alone === true || !hasCode(error, 'LF_PAYLOAD_LOST')) throw error
      await this.pull(ref, signal, options)
    }
  }

  async #join(shared: Shared, signal: AbortSignal): Promise<void> {
    shared.waiting += 1
    const leave = Promise.withResolvers<never>()
    const onAbort = () => leave.reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort)
    try {
      await Promise.race([shared.result, leave.promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
      shared.waiting -= 1
      if (shared.waiting === 0) shared.abort.abort()
    }
  }

  /** Whether it waits for what it asked peers to fetch that do not have it. */
  isAskingOthers(hash: string): boolean {
    return this.#running.get(hash)?.pull.isAskingOthers ?? false
  }

  /** Ends all pulls. */
  stop(): void {
    this.#stopping.abort()
  }

  #start(ref: PayloadRef, options: PullOptions): Shared {
    const abort = new AbortController()
    const signal = AbortSignal.any([abort.signal, this.#stopping.signal])
    let turn: HeldTurn | undefined
    const aside: Aside = wait => {
      const ask = () => this.#asking.take(signal, wait)
      return turn === undefined ? ask() : turn.lend(ask)
    }
    const pull = new Pull(ref, { ...this.#parts, ...options }, { signal, aside })
    const result = this.#turns.take(signal, async held => {
      turn = held
      await this.#fetch(ref, pull)
    })
    const shared = { pull, alone: options.alone === true, result, abort, waiting: 0 }
    shared.result.catch(() => {})
    this.#running.set(ref.hash, shared)
    const forget = () => {
      if (this.#running.get(ref.hash) === shared) this.#running.delete(ref.hash)
    }
    // Nobody may join what nobody waits for any more.
    abort.signal.addEventListener('abort', forget)
    shared.result.then(forget, forget)
    return shared
  }

  async #fetch(ref: PayloadRef, pull: Pull): Promise<void> {
    const { network, log } = this.#parts
    this.metrics.pulls += 1
    const found = await pull.run().finally(() => {
      this.metrics.corrupt += pull.corrupt
      this.metrics.wastedBytes += pull.wastedBytes
    })
    if (pull.isDirect) this.metrics.direct += 1
    if (!found) {
      this.metrics.lost += 1
      throw payloadLost(ref, pull.answers, pull.undecided())
    }
    this.metrics.pulledBytes += ref.sizeBytes
    log.debug('fetched a payload', { hash: ref.hash, bytes: ref.sizeBytes })
    void network.provide(ref.hash)
  }
}
