/** The inputs of an attempt, all of them or what is to be said of those that are lost. */
import { hasCode } from '../core/errors.ts'
import type { AwaitedInput } from '../lease/records.ts'
import type { TaskInput } from '../ledger/ledger.ts'
import { type PayloadStore, undecidedHolders } from '../payload/payload-store.ts'
import type { JobInput } from '../workers/worker-pool.ts'

export interface FetchParts {
  payloads: Pick<PayloadStore, 'get'>
  /** Whether this peer (id) is alive, as far as is known. */
  isAlive: (peer: string) => boolean
  /** Somebody may still try later. */
  mayWait: boolean
  signal: AbortSignal
}

export type FetchedInputs = { lost: null; inputs: JobInput[] } | { lost: AwaitedInput[]; error: unknown }

/**
 * Waits for all of them, so that all that are lost are made again at the same time. Throws what is no loss: the disk says no, the signal
 * aborts, or a peer that may have an input lives. That one may be reached by another peer, or later, which is cheaper than to make
 * the input again.
 */
export async function fetchInputs(inputs: readonly TaskInput[], parts: FetchParts): Promise<FetchedInputs> {
  const { payloads, isAlive, mayWait, signal } = parts
  const lost: AwaitedInput[] = []
  const errors: unknown[] = []
  const fetched = await Promise.all(
    inputs.map(async ({ task, slot, payload, epoch }) => {
      try {
        return [{ task, slot, bytes: await payloads.get(payload, signal) }]
      } catch (error) {
        errors.push(error)
        const mayCome = mayWait && undecidedHolders(error).some(isAlive)
        if (hasCode(error, 'LF_PAYLOAD_LOST') && !mayCome) lost.push({ task, epoch })
        return []
      }
    }),
  )
  if (errors.length === 0) return { lost: null, inputs: fetched.flat() }
  if (lost.length < errors.length) throw errors.find(error => !hasCode(error, 'LF_PAYLOAD_LOST')) ?? errors[0]
  return { lost, error: errors[0] }
}
