import type { Stream } from '@libp2p/interface'
import { Duplex } from 'node:stream'
import { MAX_UNREAD_STREAM_BYTES } from '../mesh-limits.ts'

/**
 * A stream of libp2p as a stream of Node. Reading is never paused: libp2p resets a stream that is paused while its window is open, so
 * whoever reads asks for little at a time; a peer that sends more than `MAX_UNREAD_STREAM_BYTES` unasked loses the stream.
 */
export function toDuplex(stream: Stream): Duplex {
  const duplex = new Duplex({
    // What arrives is buffered in any case: pushing is what reading would ask for.
    read() {},
    write(chunk: Uint8Array, _encoding, done) {
      void tell(sendAll(stream, chunk), done)
    },
    final(done) {
      void tell(stream.close(), done)
    },
    destroy(error, done) {
      stream.abort(error ?? new Error('the stream was ended'))
      done(error)
    },
  })
  stream.addEventListener('message', ({ data }) => {
    for (const chunk of data instanceof Uint8Array ? [data] : data) duplex.push(chunk)
    if (duplex.readableLength > MAX_UNREAD_STREAM_BYTES) duplex.destroy(new Error('more came than was asked for'))
  })
  stream.addEventListener('remoteCloseWrite', () => duplex.push(null))
  stream.addEventListener('close', event => {
    const { error } = event as { error?: Error }
    if (error !== undefined) duplex.destroy(error)
    else duplex.push(null)
  })
  return duplex
}

async function tell(work: Promise<void>, done: (error?: Error) => void): Promise<void> {
  try {
    await work
  } catch (error) {
    return done(error as Error)
  }
  done()
}

/** Waits by the event: the promise that libp2p offers tells of the first time only. */
async function sendAll(stream: Stream, chunk: Uint8Array): Promise<void> {
  if (stream.send(chunk)) return
  while (stream.writableNeedsDrain && stream.status === 'open') await drainOrClose(stream)
  if (stream.status !== 'open' && stream.status !== 'closing') throw new Error('the stream was ended by the other side')
}

function drainOrClose(stream: Stream): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      stream.removeEventListener('drain', done)
      stream.removeEventListener('close', done)
      resolve()
    }
    stream.addEventListener('drain', done)
    stream.addEventListener('close', done)
  })
}
