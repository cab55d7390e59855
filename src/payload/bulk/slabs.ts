/** The memory into which one fetch receives: a few slabs that go to the sink when full and come back when written. */
import type { MessagePort } from 'node:worker_threads'
import { MAX_PULLS_AT_ONCE, SLAB_BYTES, SLABS_PER_PULL } from '../payload-limits.ts'
import type { FilledSlab } from './bulk-messages.ts'

/** Slabs that no fetch uses now: shared memory is dear to make anew for every payload. */
const spare: Uint8Array<SharedArrayBuffer>[] = []
/** Kept for the next fetches: what all that may run at once need. */
const MAX_SPARE_SLABS = MAX_PULLS_AT_ONCE * SLABS_PER_PULL

/** Left free when the network is told to pause: what it had received already still finds room. */
const RESERVED_SLABS = 2

export class Slabs {
  readonly #sink: number
  readonly #port: MessagePort
  readonly #slabs: Uint8Array<SharedArrayBuffer>[]
  readonly #free: number[]
  #current: number
  #filled = 0

  constructor(sink: number, port: MessagePort) {
    this.#sink = sink
    this.#port = port
    this.#slabs = Array.from({ length: SLABS_PER_PULL }, () => spare.pop() ?? makeSlab())
    this.#free = this.#slabs.map((_, index) => index)
    this.#current = this.#free.pop() as number
  }

  /** Where the next bytes go. */
  room(): Uint8Array<SharedArrayBuffer> {
    return (this.#slabs[this.#current] as Uint8Array<SharedArrayBuffer>).subarray(this.#filled)
  }

  /** `count` bytes were put there. False when the network should pause until slabs come back. */
  filled(count: number): boolean {
    this.#filled += count
    if (this.#filled === SLAB_BYTES) this.flush()
    return this.#free.length >= RESERVED_SLABS
  }

  /** Sends what there is. */
  flush(): void {
    if (this.#filled === 0) return
    const slab = this.#slabs[this.#current] as Uint8Array<SharedArrayBuffer>
    const message = { sink: this.#sink, slab, index: this.#current, length: this.#filled }
    this.#port.postMessage(message satisfies FilledSlab, [])
    this.#filled = 0
    const next = this.#free.pop()
    // More was received than the reserve holds: a slab beyond it, once.
    this.#current = next ?? this.#slabs.push(makeSlab()) - 1
  }

  /** A slab was written. True when the network may go on. */
  back(index: number): boolean {
    this.#free.push(index)
    return this.#free.length > RESERVED_SLABS
  }

  /** True when everything that was flushed came back. */
  get isIdle(): boolean {
    return this.#free.length === this.#slabs.length - 1
  }

  /** For the next fetch; only when idle. */
  recycle(): void {
    for (const slab of this.#slabs.splice(0)) if (spare.length < MAX_SPARE_SLABS) spare.push(slab)
  }
}

function makeSlab(): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(new SharedArrayBuffer(SLAB_BYTES))
}
