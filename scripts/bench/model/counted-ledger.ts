/** A ledger somewhere else: it answers after a while, and what is asked of it is counted and weighed. */
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { encodeRow } from '../../../src/ledger/row-codec.ts'
import type { World } from '../../../test/simulation/world.ts'

/** Of the peers, those with a number that this divides have their answers weighed: the others' weigh the same, and weighing takes time. */
export const WEIGHED_EVERY = 10

export class LedgerCounts {
  readonly calls = new Map<string, number>()
  /** Answers to the weighed peers. */
  bytesRead = 0
  /** Of the ledger itself, which runs in this process. */
  cpuUs = 0

  get total(): number {
    return this.calls.values().reduce((sum, count) => sum + count, 0)
  }

  of(name: keyof Ledger): number {
    return this.calls.get(name) ?? 0
  }

  copy(): LedgerCounts {
    const copy = new LedgerCounts()
    for (const [name, count] of this.calls) copy.calls.set(name, count)
    copy.bytesRead = this.bytesRead
    copy.cpuUs = this.cpuUs
    return copy
  }
}

export interface CountedLedgerParts {
  ledger: Ledger
  world: World
  counts: LedgerCounts
  /** Of a call, each way. */
  delayMs: number
}

/** Peers are on hosts of their own. */
export function countedLedger({ ledger, world, counts, delayMs }: CountedLedgerParts, isWeighed: boolean): Ledger {
  return new Proxy(ledger, {
    get(target, name: keyof Ledger) {
      if (name === 'traits') return { ...target.traits, oneHost: false, provesDeath: false, handsOnWaiting: false }
      const value = target[name]
      if (typeof value !== 'function') return value
      return async (...args: unknown[]): Promise<unknown> => {
        counts.calls.set(name, counts.of(name) + 1)
        await world.clock.sleep(delayMs)
        // What it has to do, it does at once: what comes later is little.
        const before = cpuUs()
        const answering = (value as (...all: unknown[]) => Promise<unknown>).apply(target, args)
        counts.cpuUs += cpuUs() - before
        const answer = await answering
        if (isWeighed && answer !== undefined) counts.bytesRead += encodeRow(answer).byteLength
        await world.clock.sleep(delayMs)
        return answer
      }
    },
  })
}

/** Of this process, all threads. */
export function cpuUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
