/** Owns the ledger's thread: starts it, asks it, and ends it. The thread keeps the process alive only while somebody waits for an answer. */
import { getCompileCacheDir } from 'node:module'
import { dirname, extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Clock } from '../../core/clock.ts'
import { fromErrorRecord, LightflowError, toErrorRecord } from '../../core/errors.ts'
import { TransientMap } from '../../core/transient.ts'
import { MAX_CALLS_IN_FLIGHT, MAX_CLOSE_WAIT_MS } from '../ledger-limits.ts'
import type { OnForeseen } from '../ledger.ts'
import type { FromThread, Reply, Request, ThreadData, ToThread } from './thread-messages.ts'

interface Waiting {
  resolve: (value: unknown) => void
  reject: (error: LightflowError) => void
  told: Told
}

/** Of a request that tells: called before its answer, or not at all. */
interface Told {
  onForeseen?: OnForeseen
  onVisible?: () => void
}

/** For objects that live shortly, rows on their way above all: it keeps next to nothing. V8 by itself takes 48 MB. */
const YOUNG_MB = 16

/** Id of what the thread says first. */
const OPENING = 0

export class LedgerThread {
  /** The ledger's incarnation, once it is open. */
  readonly opened: Promise<string>
  readonly #worker: Worker
  readonly #clock: Pick<Clock, 'sleep'>
  readonly #waiting = new TransientMap<number, Waiting>()
  readonly #ended = Promise.withResolvers<void>()
  #lastId = 0
  /** Asked in this turn of the event loop: they travel together. */
  #requests: (Request & { id: number })[] = []
  /** Why nothing can be asked any more. */
  #over: (() => LightflowError) | undefined

  constructor(data: ThreadData, clock: Pick<Clock, 'sleep'>) {
    this.#clock = clock
    this.#worker = new Worker(threadFile(), {
      workerData: data,
      name: 'lightflow-ledger',
      env: threadEnv(),
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    })
    this.opened = this.#open()
    this.#worker.on('error', error => this.#finish(() => threadDied(error)))
    this.#worker.on('exit', () => {
      this.#finish(() => threadDied(undefined))
      this.#ended.resolve()
    })
  }

  async ask(request: Request, told: Told = {}): Promise<unknown> {
    if (this.#over !== undefined) throw this.#over()
    if (this.#waiting.size >= MAX_CALLS_IN_FLIGHT) throw tooManyCalls()
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#lastId += 1
    if (this.#requests.length === 0) queueMicrotask(() => this.#send())
    this.#requests.push({ ...request, id: this.#lastId })
    this.#waiting.set(this.#lastId, { resolve, reject, told })
    if (this.#waiting.size === 1) this.#worker.ref()
    return promise
  }

  /** Waking the thread costs more than most of what it is asked for. */
  #send(): void {
    const requests = this.#requests.splice(0)
    if (requests.length === 0 || this.#over !== undefined) return
    try {
      this.#post(requests)
    } catch {
      // One of them cannot travel: the others must not suffer for it.
      for (const request of requests) this.#sendAlone(request)
    }
  }

  #sendAlone(request: Request & { id: number }): void {
    try {
      this.#post([request])
    } catch (error) {
      this.#settle({ id: request.id, error: toErrorRecord(error) })
    }
  }

  #post(requests: (Request & { id: number })[]): void {
    this.#worker.postMessage({ kind: 'requests', requests } satisfies ToThread, [])
  }

  /** Calls under way are rejected with `LF_LEDGER_CLOSED`; what has reached the disk stays. */
  async close(): Promise<void> {
    if (this.#over === undefined) {
      this.#send()
      this.#finish(closed)
      this.#worker.ref()
      this.#worker.postMessage({ kind: 'close' } satisfies ToThread, [])
    }
    const gaveUp = new AbortController()
    const tooLong = this.#clock.sleep(MAX_CLOSE_WAIT_MS, gaveUp.signal).then(() => this.#worker.terminate())
    await this.#ended.promise
    gaveUp.abort()
    await tooLong
  }

  #open(): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    this.#waiting.set(OPENING, { resolve: value => resolve(value as string), reject, told: {} })
    this.#worker.on('message', (message: FromThread) => {
      if (message.kind === 'replies') for (const reply of message.replies) this.#settle(reply)
      else if (message.kind === 'foreseen') this.#waiting.get(message.id)?.told.onForeseen?.(message.foreseen)
      else if (message.kind === 'visible') this.#waiting.get(message.id)?.told.onVisible?.()
      else if (message.kind === 'opened') this.#settle({ id: OPENING, value: message.incarnation })
      else this.#settle({ id: OPENING, error: message.error })
    })
    return promise
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if (this.#waiting.size === 0) this.#worker.unref()
    if ('value' in reply) waiting?.resolve(reply.value)
    else waiting?.reject(fromErrorRecord(reply.error))
  }

  #finish(reason: () => LightflowError): void {
    this.#over ??= reason
    for (const waiting of this.#waiting.values()) waiting.reject(reason())
    this.#waiting.clear()
  }
}

/** The same kind of file as this one: TypeScript in a checkout, JavaScript in the package. */
function threadFile(): URL {
  return new URL(`./sqlite-thread${extname(import.meta.url)}`, import.meta.url)
}

/** A thread does not share the compiled code of its process by itself: it would compile anew, and keep what strips types in memory. */
function threadEnv(): NodeJS.ProcessEnv {
  const folder = getCompileCacheDir()
  return folder === undefined ? process.env : { NODE_COMPILE_CACHE: dirname(folder), ...process.env }
}

function closed(): LightflowError {
  return new LightflowError('LF_LEDGER_CLOSED', 'The ledger is closed.')
}

function threadDied(cause: unknown): LightflowError {
  return new LightflowError('LF_LEDGER_THREAD', "The ledger's thread has ended unexpectedly.", {
    hint: 'Start the peer again. What was written before is safe; of calls under way it is not known whether they were carried out.',
    cause,
  })
}

function tooManyCalls(): LightflowError {
  return new LightflowError('LF_LEDGER_BUSY', `More than ${MAX_CALLS_IN_FLIGHT} calls of the ledger are under way.`, {
    hint: 'Wait for answers before asking more.',
  })
}
