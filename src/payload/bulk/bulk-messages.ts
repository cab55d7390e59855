/** What the threads that move payloads are asked, and what they tell each other. */
import type { MessagePort } from 'node:worker_threads'
import type { PayloadDoor } from '../../../protocols/payload-messages.ts'

// --- asked of the network's thread ----------------------------------------------------------------------------------------------

export interface NetThreadData {
  /** To the thread of the sinks. */
  sinks: MessagePort
  /** Address and port on which doors are opened; port 0 is any free one. */
  host: string
  port: number
}

export interface OfferRequest {
  path: string
  sizeBytes: number
}

export interface FetchRequest {
  sink: number
  host: string
  door: PayloadDoor
  offset: number
  /** Where the payload ends. */
  end: number
}

/** How far the sink will be filled, and why the connection ended before the end of the payload; null = it did not. */
export interface Fetched {
  reached: number
  error: string | null
}

export interface NetStatus {
  /** Connections on which payloads leave. */
  serving: number
  /** Handed to sockets so far, in the life of the thread. */
  sentBytes: number
}

// --- asked of the sinks' thread -------------------------------------------------------------------------------------------------

export interface OpenSink {
  path: string
}

export interface FeedSink {
  sink: number
  bytes: Uint8Array<ArrayBuffer>
}

export interface FinishSink {
  sink: number
  /** Bring it to the disk before it is finished. */
  sync: boolean
}

export interface HashMore {
  id: number
  /** How many bytes more, at most. */
  bytes: number
}

// --- between the two ------------------------------------------------------------------------------------------------------------

/** To the sinks: `length` bytes of this slab come next. */
export interface FilledSlab {
  sink: number
  slab: Uint8Array<SharedArrayBuffer>
  index: number
  length: number
}

/** Back to the network: the slab may be filled again; `failed` when the sink takes nothing more. */
export interface FreeSlab {
  sink: number
  index: number
  failed: boolean
}
