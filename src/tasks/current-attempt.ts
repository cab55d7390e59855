/** The attempt that the running code belongs to, also after it awaited something: for what authors reach without being handed it. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Context } from '../workflow/context.ts'
import type { HostCalls } from './host-calls.ts'
import type { TaskHost } from './task-host.ts'

export interface CurrentAttempt {
  host: TaskHost
  calls: HostCalls
  context: Context
}

/** One for all copies of the package in this thread: a workflow may have brought its own. */
const KEY = Symbol.for('lightflow.current-attempt')
const shared = globalThis as { [KEY]?: AsyncLocalStorage<CurrentAttempt> }
const current = (shared[KEY] ??= new AsyncLocalStorage<CurrentAttempt>())

export function withAttempt<Value>(attempt: CurrentAttempt, run: () => Value): Value {
  return current.run(attempt, run)
}

/** Undefined outside of a task. */
export function currentAttempt(): CurrentAttempt | undefined {
  return current.getStore()
}
