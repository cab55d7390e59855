/** Payloads of a simulation: those that do not travel in the ledger are with peers, can be had while one of these runs, and may go with a disk. */
import { createHash } from 'node:crypto'
import { LightflowError } from '../../src/core/errors.ts'
import type { PayloadRef } from '../../src/lease/records.ts'
import type { PayloadStore } from '../../src/payload/payload-store.ts'
import type { Draw } from './draw.ts'
import type { SimProcess } from './sim-process.ts'

export interface PayloadFaults {
  /** Share of the payloads that do not travel in the ledger. */
  scattered: number
  /** How often the disk of a process goes with it. */
  lostDisks: number
  /** How long a pull may take. */
  pullMs: number
}

export const NO_PAYLOAD_FAULTS: PayloadFaults = { scattered: 0, lostDisks: 0, pullMs: 0 }

interface Kept {
  bytes: Uint8Array
  holders: Set<string>
}

export class SimPayloads {
  losses = 0
  readonly #draw: Draw
  readonly #faults: PayloadFaults
  readonly #kept = new Map<string, Kept>()
  readonly #running = new Map<string, SimProcess>()

  constructor(draw: Draw, faults: PayloadFaults) {
    this.#draw = draw
    this.#faults = faults
  }

  storeOf(process: SimProcess): PayloadStore {
    const { identity } = process
    this.#running.set(identity, process)
    process.onDeath(() => this.#died(process))
    return {
      put: async bytes => this.#put(bytes, identity),
      get: async (ref, signal) => this.#get(ref, process, signal),
      spread: async ref => ref,
    }
  }

  #died({ identity, world }: SimProcess): void {
    if (!this.#draw.chance(this.#faults.lostDisks)) return
    world.tell(`the disk of ${identity} is lost`)
    for (const { holders } of this.#kept.values()) holders.delete(identity)
  }

  #put(bytes: Uint8Array, holder: string): PayloadRef {
    const hash = createHash('sha256').update(bytes).digest('hex')
    const given = { hash, sizeBytes: bytes.byteLength }
    if (!this.#draw.chance(this.#faults.scattered)) return { ...given, inline: new Uint8Array(bytes), holders: [] }
    const kept = this.#kept.get(hash) ?? { bytes: new Uint8Array(bytes), holders: new Set() }
    kept.holders.add(holder)
    this.#kept.set(hash, kept)
    return { ...given, inline: null, holders: [holder] }
  }

  async #get(ref: PayloadRef, process: SimProcess, signal?: AbortSignal): Promise<Uint8Array> {
    if (ref.inline !== null) return ref.inline
    const kept = this.#kept.get(ref.hash)
    if (kept?.holders.has(process.identity) === true) return kept.bytes
    await process.clock.sleep(this.#draw.between(0, this.#faults.pullMs), signal)
    const holders = [...(kept?.holders ?? [])]
    if (kept !== undefined && holders.some(holder => this.#running.get(holder)?.state === 'running')) {
      kept.holders.add(process.identity)
      return kept.bytes
    }
    this.losses += 1
    process.world.tell(`${process.name} cannot have ${ref.hash.slice(0, 6)} from ${ref.holders.join(', ')}`)
    throw new LightflowError('LF_PAYLOAD_LOST', 'nobody has it', { facts: { undecided: holders } })
  }
}
