/** Runs in the thread: the host of its job, by messages to the peer's thread. */
import type { MessagePort } from 'node:worker_threads'
import { decode, encode } from '../../../protocols/msgpack.ts'
import { fromErrorRecord } from '../../core/errors.ts'
import type { JobHost } from '../worker-pool.ts'
import type { FromThread, HostMethod, ToThread } from './thread-messages.ts'

/** Calls waiting for their answer at the peer; the next ones wait here, in the memory of the task that makes them. */
const MAX_CALLS_IN_FLIGHT = 64

type Answer = Extract<ToThread, { kind: 'reply' | 'refusal' }>
type OpenCall = PromiseWithResolvers<Answer>

export class ThreadHost implements JobHost {
  readonly #port: MessagePort
  readonly #open = new Map<number, OpenCall>()
  readonly #waiting: (() => void)[] = []
  #lastId = 0
  #inFlight = 0

  constructor(port: MessagePort) {
    this.#port = port
  }

  storeGet: JobHost['storeGet'] = (...args) => this.#limited('storeGet', args)
  storeWrite: JobHost['storeWrite'] = async (...args) => void (await this.#limited('storeWrite', args))
  startDag: JobHost['startDag'] = (...args) => this.#limited('startDag', args) as Promise<string>
  /** Not counted: it may take hours, and what it waits for may need the other calls. */
  joinDags: JobHost['joinDags'] = (...args) => this.#call('joinDags', args) as Promise<boolean>
  stopDag: JobHost['stopDag'] = async (...args) => void (await this.#limited('stopDag', args))
  stopWorkflow: JobHost['stopWorkflow'] = async () => void (await this.#limited('stopWorkflow', []))
  nameFile: JobHost['nameFile'] = (...args) => this.#limited('nameFile', args) as Promise<string | null>
  fetchFile: JobHost['fetchFile'] = (...args) => this.#limited('fetchFile', args) as Promise<string>

  output: JobHost['output'] = (stream, line) => void process[stream].write(`${line}\n`)

  settle(answer: Answer): void {
    const call = this.#open.get(answer.id)
    this.#open.delete(answer.id)
    call?.resolve(answer)
  }

  async #limited(method: HostMethod, args: unknown[]): Promise<unknown> {
    if (this.#inFlight >= MAX_CALLS_IN_FLIGHT) await new Promise<void>(resolve => void this.#waiting.push(resolve))
    else this.#inFlight += 1
    try {
      return await this.#call(method, args)
    } finally {
      this.#passOn()
    }
  }

  /** The place of a finished call goes to the first in the queue, so that a newcomer cannot take it. */
  #passOn(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#inFlight -= 1
    else next()
  }

  async #call(method: HostMethod, args: unknown[]): Promise<unknown> {
    const bytes = encode(args)
    const call: OpenCall = Promise.withResolvers()
    const id = ++this.#lastId
    this.#open.set(id, call)
    this.#port.postMessage({ kind: 'call', id, method, args: bytes } satisfies FromThread, [bytes.buffer])
    const answer = await call.promise
    if (answer.kind === 'reply') return decode(answer.value)
    // Made here, where it was waited for: its stack names the author's line.
    throw fromErrorRecord(answer.error)
  }
}
