/**
 * Runs in the thread: sends what the task prints to the peer's thread as it is printed. Posting does not wait for the event loop, so
 * nothing is lost when the task exits or crashes right afterwards.
 */
import { StringDecoder } from 'node:string_decoder'
import type { MessagePort } from 'node:worker_threads'
import { MAX_OUTPUT_IN_FLIGHT_CHARS, OUTPUT_CELL, type FromThread } from './thread-messages.ts'

type Stream = 'stdout' | 'stderr'

/** Replaces the writing ends of both streams of this thread. */
export function captureOutput(port: MessagePort, cells: Int32Array): void {
  for (const stream of ['stdout', 'stderr'] as const) process[stream].write = makeWrite(port, cells, stream)
}

function makeWrite(port: MessagePort, cells: Int32Array, stream: Stream): typeof process.stdout.write {
  const decoder = new StringDecoder('utf8')
  return (chunk: string | Uint8Array, second?: unknown, third?: unknown): boolean => {
    const encoding = typeof second === 'string' ? (second as BufferEncoding) : 'utf8'
    post(port, cells, stream, toText(chunk, encoding, decoder))
    const done = typeof second === 'function' ? second : third
    if (typeof done === 'function') queueMicrotask(() => Reflect.apply(done, undefined, []))
    return true
  }
}

function toText(chunk: string | Uint8Array, encoding: BufferEncoding, decoder: StringDecoder): string {
  if (typeof chunk !== 'string') return decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
  return encoding === 'hex' || encoding === 'base64' ? decoder.write(Buffer.from(chunk, encoding)) : chunk
}

const MAX_PIECE_CHARS = MAX_OUTPUT_IN_FLIGHT_CHARS / 4
/** The peer's thread wakes us when it has taken some; the wait only ends by itself so that nothing can block for ever. */
const LONGEST_WAIT_MS = 100

function post(port: MessagePort, cells: Int32Array, stream: Stream, text: string): void {
  for (let start = 0; start < text.length; start += MAX_PIECE_CHARS) {
    const piece = text.slice(start, start + MAX_PIECE_CHARS)
    waitForRoom(cells)
    Atomics.add(cells, OUTPUT_CELL, piece.length)
    port.postMessage({ kind: 'output', stream, text: piece } satisfies FromThread)
  }
}

function waitForRoom(cells: Int32Array): void {
  for (;;) {
    const inFlight = Atomics.load(cells, OUTPUT_CELL)
    if (inFlight <= MAX_OUTPUT_IN_FLIGHT_CHARS) return
    Atomics.wait(cells, OUTPUT_CELL, inFlight, LONGEST_WAIT_MS)
  }
}
