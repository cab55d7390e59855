/**
 * Content routing: tells the DHT which payloads this peer holds, and asks it who holds one. What the DHT says is a rumour: only
 * members are handed on, and the payload's hash is the proof. Owned by the mesh, which stops it before the node.
 */
import { setMaxListeners } from 'node:events'
import type { KadDHT } from '@libp2p/kad-dht'
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import {
  FIND_PROVIDERS_TIMEOUT_MS,
  MAX_PROVIDER_SEARCHES_AT_ONCE,
  MAX_PROVIDERS_FOUND,
  MAX_PROVIDES_AT_ONCE,
  MAX_PROVIDES_QUEUED,
  PROVIDE_TIMEOUT_MS,
} from '../mesh-limits.ts'
import { type ContentId, contentId } from './content-id.ts'
import { Gate } from './gate.ts'

export interface ProviderRoutingOptions {
  dht: Pick<KadDHT, 'provide' | 'findProviders'>
  isMember: (peer: string) => boolean
  clock: Clock
  log: Log
}

interface Waiting {
  promise: Promise<void>
  done: () => void
}

export class ProviderRouting {
  readonly #options: ProviderRoutingOptions
  readonly #stopping = new AbortController()
  readonly #searches = new Gate(MAX_PROVIDER_SEARCHES_AT_ONCE)
  /** By hash, oldest first. */
  readonly #waiting = new Map<string, Waiting>()
  readonly #running = new Map<string, Waiting>()

  constructor(options: ProviderRoutingOptions) {
    this.#options = options
    setMaxListeners(0, this.#stopping.signal)
  }

  /** Ends all searches; what waits to be told is given up. */
  stop(): void {
    this.#stopping.abort()
    for (const { done } of this.#waiting.values()) done()
    this.#waiting.clear()
  }

  provide(hash: string): Promise<void> {
    if (this.#stopping.signal.aborted) return Promise.resolve()
    const known = this.#waiting.get(hash) ?? this.#running.get(hash)
    if (known !== undefined) return known.promise
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.set(hash, { promise, done: resolve })
    if (this.#waiting.size > MAX_PROVIDES_QUEUED) this.#giveUpOldest()
    this.#next()
    return promise
  }

  async *findProviders(hash: string, signal: AbortSignal): AsyncGenerator<string> {
    const cid = contentId(hash)
    if (cid === undefined) return
    const search = this.#deadline(FIND_PROVIDERS_TIMEOUT_MS, signal)
    const isOurTurn = await this.#searches.enter(search.signal)
    try {
      if (isOurTurn) yield* this.#search(cid, search.signal)
    } finally {
      search.end()
      if (isOurTurn) this.#searches.leave()
    }
  }

  async *#search(cid: ContentId, signal: AbortSignal): AsyncGenerator<string> {
    const told = new Set<string>()
    try {
      for await (const event of this.#options.dht.findProviders(cid, { signal })) {
        if (event.name !== 'PROVIDER') continue
        for (const peer of event.providers.map(({ id }) => id.toString())) {
          if (told.has(peer) || !this.#options.isMember(peer)) continue
          told.add(peer)
          yield peer
          if (told.size >= MAX_PROVIDERS_FOUND) return
        }
      }
    } catch (error) {
      this.#options.log.debug('A search for holders of a payload ended early.', { hash: cid.toString(), error })
    }
  }

  #giveUpOldest(): void {
    const [oldest] = this.#waiting.keys()
    if (oldest === undefined) return
    this.#waiting.get(oldest)?.done()
    this.#waiting.delete(oldest)
  }

  #next(): void {
    const [next] = this.#waiting
    if (next === undefined || this.#running.size >= MAX_PROVIDES_AT_ONCE) return
    const [hash, waiting] = next
    this.#waiting.delete(hash)
    this.#running.set(hash, waiting)
    void this.#tell(hash).finally(() => {
      this.#running.delete(hash)
      waiting.done()
      this.#next()
    })
  }

  async #tell(hash: string): Promise<void> {
    const cid = contentId(hash)
    if (cid === undefined) return
    const telling = this.#deadline(PROVIDE_TIMEOUT_MS)
    try {
      // Told when the last event came; what the events say is of no use here.
      for await (const _ of this.#options.dht.provide(cid, { signal: telling.signal })) continue
    } catch (error) {
      this.#options.log.debug('The mesh could not be told of a payload.', { hash, error })
    } finally {
      telling.end()
    }
  }

  #deadline(timeoutMs: number, ...signals: AbortSignal[]): { signal: AbortSignal; end: () => void } {
    const late = new AbortController()
    const timer = this.#options.clock.timer(timeoutMs, () => late.abort())
    const signal = AbortSignal.any([late.signal, this.#stopping.signal, ...signals])
    // The DHT listens once for each peer that it asks.
    setMaxListeners(0, signal)
    return { signal, end: () => timer.cancel() }
  }
}
