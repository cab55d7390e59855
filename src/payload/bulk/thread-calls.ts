/** Questions to a thread and their answers, by number. Both sides of it; nothing here knows what is asked. */
import type { MessagePort, Worker } from 'node:worker_threads'
import { type ErrorRecord, fromErrorRecord, LightflowError, toErrorRecord } from '../../core/errors.ts'

interface Question {
  number: number
  name: string
  argument: unknown
}

type Answer = { number: number; value: unknown } | { number: number; error: ErrorRecord }

/** The asking side. When the thread ends, every open question is refused with `LF_PAYLOAD_THREAD`. */
export class ThreadCalls {
  readonly #worker: Worker
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>()
  #last = 0
  #over: LightflowError | null = null

  constructor(worker: Worker) {
    this.#worker = worker
    worker.on('message', (answer: Answer) => this.#take(answer))
    worker.on('error', cause => this.#end(cause))
    worker.on('exit', () => this.#end(undefined))
  }

  async ask(name: string, argument: unknown, transfer: ArrayBuffer[] = []): Promise<unknown> {
    if (this.#over !== null) throw this.#over
    this.#last += 1
    const answer = Promise.withResolvers<unknown>()
    this.#open.set(this.#last, answer)
    this.#worker.postMessage({ number: this.#last, name, argument } satisfies Question, transfer)
    return answer.promise
  }

  #take(answer: Answer): void {
    const waiting = this.#open.get(answer.number)
    this.#open.delete(answer.number)
    if ('error' in answer) waiting?.reject(fromErrorRecord(answer.error))
    else waiting?.resolve(answer.value)
  }

  #end(cause: unknown): void {
    this.#over ??= new LightflowError('LF_PAYLOAD_THREAD', 'The thread that moves payloads ended.', {
      hint: 'The transfer is tried again; if this repeats, the log of the peer says why.',
      cause,
    })
    for (const waiting of this.#open.values()) waiting.reject(this.#over)
    this.#open.clear()
  }
}

export type CallHandlers = Readonly<Record<string, (argument: never) => unknown>>

/** The answering side. */
export function answerCalls(port: MessagePort, handlers: CallHandlers): void {
  port.on('message', (question: Question) => void answer(port, handlers, question))
}

async function answer(port: MessagePort, handlers: CallHandlers, { number, name, argument }: Question): Promise<void> {
  let told: Answer
  try {
    told = { number, value: await handlers[name]?.(argument as never) }
  } catch (error) {
    told = { number, error: toErrorRecord(error) }
  }
  port.postMessage(told, [])
}
