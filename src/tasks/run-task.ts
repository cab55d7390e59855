/**
 * Runs one attempt of one task: composes its data, calls what the author wrote, and says how it ended. The room owns the kinds of
 * tasks. It never claims, records or repeats anything, and knows neither threads nor peers: `workers/` calls it, with a host.
 */
import type { FinallyStatus, TaskCall, TaskTools } from '../workflow/task-call.ts'
import { endingAfterFinally, endingOfReturn, endingOfThrow, readThrown } from './attempt-ending.ts'
import type { AttemptEnding } from './attempt-ending.ts'
import { composeInput } from './compose-input.ts'
import { withAttempt } from './current-attempt.ts'
import { encodeData } from './encode-data.ts'
import { HostCalls } from './host-calls.ts'
import { makeContext } from './make-context.ts'
import { makeSignal } from './make-signal.ts'
import { makeNotes, makeStore } from './make-store.ts'
import type { TaskAttempt, TaskHost, TaskResult } from './task-host.ts'

/**
 * Never rejects for anything that user code does; settles when the callbacks have, so who must not wait for ever ends the thread.
 *
 * `callbackFinally` hears once how the task ended. Only when it spoils the ending itself, or when the data of a success turns out
 * not to be encodable, is it called a second time, with the status that it then is. It is never called a third time.
 */
export async function runTask(attempt: TaskAttempt): Promise<TaskResult> {
  const calls = new HostCalls(attempt.task.name)
  try {
    return await new Attempt(attempt, calls).run()
  } catch (error) {
    // Input that cannot be read: no callback was called.
    return withoutData({ status: 'error', error: readThrown(error) })
  } finally {
    calls.end()
  }
}

/** `callbackFinally` is told twice at most: a callback that spoils every ending would be called for ever. */
const MAX_FINALLY_CALLS = 2

class Attempt {
  readonly #attempt: TaskAttempt
  readonly #calls: HostCalls
  readonly #call: TaskCall
  readonly #told: FinallyStatus[] = []

  constructor(attempt: TaskAttempt, calls: HostCalls) {
    this.#attempt = attempt
    this.#calls = calls
    this.#call = Object.freeze({
      data: composeInput(attempt),
      store: makeStore(attempt.host, calls),
      signal: makeSignal(attempt, calls),
      context: makeContext(attempt.context),
    })
  }

  run(): Promise<TaskResult> {
    const { host } = this.#attempt
    return withAttempt({ host, calls: this.#calls, context: this.#call.context }, () => this.#run())
  }

  async #run(): Promise<TaskResult> {
    let ending = await this.#body()
    ending = await this.#tellFinally(ending)
    if (ending.status !== this.#told.at(-1)) ending = await this.#tellFinally(ending)
    const encoded = this.#encode(ending)
    if (encoded.ending.status === ending.status) return encoded.result
    return this.#encode(await this.#tellFinally(encoded.ending)).result
  }

  async #body(): Promise<AttemptEnding> {
    const { task, host, abort, successors } = this.#attempt
    const { data } = this.#call
    try {
      await task.options.callbackInit?.(this.#call)
      const returned: unknown = await task.run(this.#call, makeTools(host, this.#calls))
      await this.#calls.settled()
      return endingOfReturn(task.name, returned, data, successors)
    } catch (thrown) {
      await this.#calls.settled()
      return endingOfThrow(thrown, data, abort)
    }
  }

  async #tellFinally(ending: AttemptEnding): Promise<AttemptEnding> {
    const { callbackFinally } = this.#attempt.task.options
    const isToldEnough = this.#told.length >= MAX_FINALLY_CALLS
    if (isToldEnough) return ending
    this.#told.push(ending.status)
    if (callbackFinally === null) return ending
    try {
      await callbackFinally(Object.freeze({ ...this.#call, status: ending.status }))
      return ending
    } catch (thrown) {
      return endingAfterFinally(ending, endingOfThrow(thrown, this.#call.data, this.#attempt.abort))
    } finally {
      await this.#calls.settled()
    }
  }

  #encode(ending: AttemptEnding): { ending: AttemptEnding; result: TaskResult } {
    if (ending.status === 'aborted' || ending.status === 'error') return { ending, result: withoutData(ending) }
    try {
      return { ending, result: this.#withData(ending) }
    } catch (error) {
      const broken: AttemptEnding = { status: 'error', error: readThrown(error) }
      return { ending: broken, result: withoutData(broken) }
    }
  }

  #withData(ending: Extract<AttemptEnding, { status: 'success' | 'stopped' }>): TaskResult {
    const { name } = this.#attempt.task
    const bytes = encodeData(`The data of the task "${name}"`, ending.data, name)
    if (ending.status === 'success') {
      return { outcome: 'done', bytes, limit: ending.limit, skipSuccessors: false, error: null }
    }
    return { outcome: 'stopped', bytes, limit: null, skipSuccessors: ending.skipSuccessors, error: ending.error }
  }
}

function withoutData(ending: Extract<AttemptEnding, { status: 'aborted' | 'error' }>): TaskResult {
  const { error } = ending
  return {
    outcome: outcomeOf(ending),
    bytes: null,
    limit: null,
    skipSuccessors: false,
    error,
  }
}

function outcomeOf(ending: Extract<AttemptEnding, { status: 'aborted' | 'error' }>): TaskResult['outcome'] {
  if (ending.status === 'error') return 'failed'
  return ending.handsOver === true ? 'handed-over' : 'aborted'
}

function makeTools(host: TaskHost, calls: HostCalls): TaskTools {
  return {
    notes: makeNotes(host, calls),
    output(stream, line) {
      if (host.output === undefined) process[stream].write(`${line}\n`)
      else host.output(stream, line)
    },
  }
}
