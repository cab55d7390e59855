/** Copies of what was put here, on peers with folders of their own: asks one after the other to fetch it, until there are enough. */
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { PayloadRef } from '../../lease/records.ts'
import type { PayloadFiles } from '../files/payload-files.ts'
import { MAX_COPY_PLACES_ASKED } from '../payload-limits.ts'
import type { PayloadNetwork } from '../payload-network.ts'
import type { CopiesWanted } from '../payload-store.ts'
import { HolderStream } from './holder-stream.ts'

export interface ReplicatorParts {
  network: Pick<PayloadNetwork, 'openStream'>
  files: Pick<PayloadFiles, 'id' | 'sizeOf'>
  clock: Clock
  log: Log
}

export class Replicator {
  readonly #parts: ReplicatorParts

  constructor(parts: ReplicatorParts) {
    this.#parts = parts
  }

  /** The reference, naming all who hold it now. Never throws. */
  async spread(
    ref: PayloadRef,
    { copies, at, alsoShared = false }: CopiesWanted,
    signal: AbortSignal,
  ): Promise<PayloadRef> {
    if (ref.inline !== null) return ref
    const holders = [...ref.holders]
    const places = at.filter(place => !holders.includes(place)).slice(0, MAX_COPY_PLACES_ASKED)
    while (holders.length < copies && places.length > 0 && !signal.aborted) {
      const asked = places.splice(0, copies - holders.length)
      const kept = await Promise.all(asked.map(place => this.#isKeptBy(place, ref, { alsoShared, signal })))
      holders.push(...asked.filter((_, index) => kept[index]))
    }
    return { ...ref, holders }
  }

  async #isKeptBy(
    place: string,
    { hash, sizeBytes }: PayloadRef,
    { alsoShared, signal }: { alsoShared: boolean; signal: AbortSignal },
  ): Promise<boolean> {
    const { network, files, clock, log } = this.#parts
    try {
      const folder = await files.id()
      const stream = await HolderStream.open(network, place, clock, signal)
      try {
        const answer = await stream.askPatiently({ kind: 'keep', hash, sizeBytes, folder })
        if (answer.kind === 'kept') return true
        const isShared = answer.kind === 'no' && answer.why === 'shared'
        // It says nothing of the payload: it has what is here.
        if (alsoShared && isShared && (await files.sizeOf(hash)) === sizeBytes) return true
        log.debug('a peer keeps no copy of a payload', { hash, place, why: answer.kind === 'no' ? answer.why : '?' })
      } finally {
        stream.close()
      }
    } catch (error) {
      log.debug('a peer could not be had to keep a copy of a payload', { hash, place, error })
    }
    return false
  }
}
