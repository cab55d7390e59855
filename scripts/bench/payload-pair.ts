/** Two peer processes with a folder each, connected to each other; everything is removed at the end. */
import { fork, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PayloadRef } from '../../src/lease/records.ts'
import type { Member } from '../../src/mesh/mesh.ts'

export interface Usage {
  cpuS: number
  rssMb: number
}

export interface Pair {
  holder: BenchPeer
  reader: BenchPeer
  /** The large payload, held by `holder`. */
  large: PayloadRef
}

export class BenchPeer {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #last = 0

  constructor() {
    this.#child = fork(new URL('payload-process.ts', import.meta.url))
    this.#child.on('message', (message: { id: number; value?: unknown; error?: string }) => {
      const waiting = this.#waiting.get(message.id)
      if (message.error === undefined) waiting?.resolve(message.value)
      else waiting?.reject(new Error(message.error))
    })
    this.#child.on('exit', code => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`a peer of the bench ended with ${code}`))
    })
  }

  ask<T>(name: string, argument: unknown = null): Promise<T> {
    this.#last += 1
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(this.#last, waiting)
    this.#child.send({ id: this.#last, name, argument })
    return waiting.promise as Promise<T>
  }
}

export async function withPair(mib: number, run: (pair: Pair) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'lf-bench-'))
  const [holder, reader] = [new BenchPeer(), new BenchPeer()]
  try {
    const members = await Promise.all(
      [holder, reader].map((peer, index) =>
        peer.ask<Member>('start', { folder: join(root, String(index)), incarnation: 'bench-of-payloads' }),
      ),
    )
    await Promise.all([holder, reader].map(peer => peer.ask('members', members)))
    const [large] = await holder.ask<PayloadRef[]>('make', { count: 1, mib })
    await reader.ask('make', { count: 1, mib: 1 })
    await run({ holder, reader, large: large as PayloadRef })
  } finally {
    await Promise.allSettled([holder, reader].map(peer => peer.ask('stop')))
    await rm(root, { recursive: true, force: true })
  }
}
