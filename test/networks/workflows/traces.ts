/** What the tasks of these workflows do: they leave traces outside of Lightflow, in a file for each task. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { FunctionTask, Option, Parameters, type TaskCall, type TaskOptions } from 'lightflow'

/** One line of such a file. */
export interface Trace {
  /** `work` comes every {@link TRACE_EVERY_MS} while the attempt lives. */
  what: 'start' | 'work' | 'end'
  atMs: number
  host: string
  peer: string
  epoch: number
}

const TRACE_EVERY_MS = 50

export const traceOptions = new Parameters([
  new Option('folder', { type: 'path', help: 'Folder for the traces' }),
  new Option('seconds', { type: 'float', default: 0.2, help: 'Work of an attempt' }),
  new Option('first', { type: 'float', default: 0.2, help: 'Work of the first attempt of a motor' }),
  new Option('kib', { type: 'int', default: 0, help: 'What each task hands to those after it' }),
])

/** A task that works for `seconds`. */
export function task(name: string, more: TaskOptions = {}): FunctionTask {
  return new FunctionTask(name, call => work(call, 'seconds'), more)
}

/** A task whose first attempt works for `first` seconds; on the queue `motor`. */
export function motor(name: string, more: TaskOptions = {}): FunctionTask {
  const callback = (call: TaskCall): Promise<void> => work(call, call.context.attempt === 1 ? 'first' : 'seconds')
  return new FunctionTask(name, callback, { queue: 'motor', ...more })
}

async function work({ store, data, context }: TaskCall, option: 'first' | 'seconds'): Promise<void> {
  const bytes = (await store.get<number>('kib')) * 1024
  if (bytes > 0) data.set('frame', Buffer.alloc(bytes, context.taskName))
  const file = join(await store.get<string>('folder'), context.taskName)
  const seconds = await store.get<number>(option)
  const leave = (what: Trace['what']): void => {
    const { peerHost: host, peerName: peer, epoch } = context
    appendFileSync(file, `${JSON.stringify({ what, atMs: Date.now(), host, peer, epoch } satisfies Trace)}\n`)
  }
  leave('start')
  for (const until = performance.now() + seconds * 1000; performance.now() < until; await delay(TRACE_EVERY_MS)) {
    leave('work')
  }
  leave('end')
}
