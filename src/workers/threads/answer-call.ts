/** Runs in the peer's thread: makes the call that a thread asks for at the host of its job. */
import { decode, encode } from '../../../protocols/msgpack.ts'
import { toErrorRecord } from '../../core/errors.ts'
import type { JobHost } from '../worker-pool.ts'
import { type FromThread, HOST_METHODS, type ToThread } from './thread-messages.ts'

/** Never rejects: what the host refuses, the task is told. */
export async function answerCall(
  { id, method, args }: Extract<FromThread, { kind: 'call' }>,
  host: JobHost,
  post: (answer: ToThread, transfer: ArrayBuffer[]) => void,
): Promise<void> {
  if (!HOST_METHODS.has(method)) return
  try {
    const call = host[method] as (...args: unknown[]) => Promise<unknown>
    const value = encode(await call.apply(host, decode(args) as unknown[]))
    post({ kind: 'reply', id, value }, [value.buffer])
  } catch (error) {
    post({ kind: 'refusal', id, error: toErrorRecord(error) }, [])
  }
}
