/**
 * What a beat need not tell again. Whom a peer is connected to, and at which addresses it listens, is the larger part of what it has to tell,
 * grows with the mesh, and is nearly always the same. Pure.
 */
import type { BeatReport } from '../ledger/ledger.ts'

/** Everything that a peer has to tell of itself. */
export type FullReport = Required<Omit<BeatReport, 'stats'>> & Pick<BeatReport, 'stats'>

export class BeatNews {
  /** As the ledger has it for certain. */
  #connected: string | null = null
  #addrs: string | null = null

  /** A session was opened, which knows these addresses. */
  opened(addrs: readonly string[]): void {
    this.#connected = null
    this.#addrs = keyOf(addrs)
  }

  /** Without what an acknowledged beat of this session has told. */
  of({ connected, addrs, ...rest }: FullReport): BeatReport {
    return {
      ...rest,
      ...(keyOf(connected) === this.#connected ? {} : { connected }),
      ...(keyOf(addrs) === this.#addrs ? {} : { addrs }),
    }
  }

  acknowledged({ connected, addrs }: FullReport): void {
    this.#connected = keyOf(connected)
    this.#addrs = keyOf(addrs)
  }
}

function keyOf(texts: readonly string[]): string {
  return JSON.stringify(texts.toSorted())
}
