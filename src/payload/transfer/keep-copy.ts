/**
 * Another peer wants a payload to be here, too: its own, so that there are more of it, or one whose holders it cannot reach and this peer can.
 * It is fetched, and said now and then that this goes on.
 */
import type { PayloadAnswer, PayloadRequest } from '../../../protocols/payload-messages.ts'
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { PayloadRef } from '../../lease/records.ts'
import type { PayloadFiles } from '../files/payload-files.ts'
import type { PayloadNetwork } from '../payload-network.ts'
import { COPY_NOTED_EVERY_MS } from '../payload-limits.ts'
import type { Puller } from './puller.ts'

export interface KeepCopyParts {
  network: Pick<PayloadNetwork, 'connected'>
  files: Pick<PayloadFiles, 'id' | 'touch' | 'sizeOf' | 'secure'>
  puller: Pick<Puller, 'pull' | 'isAskingOthers'>
  clock: Clock
  log: Log
  /** Who asks. */
  peer: string
  signal: AbortSignal
}

export async function* keepCopy(
  { hash, sizeBytes, folder }: PayloadRequest & { kind: 'keep' },
  parts: KeepCopyParts,
): AsyncGenerator<PayloadAnswer> {
  const isKept = await isHere({ hash, sizeBytes }, parts)
  if ((await parts.files.id()) === folder) yield { kind: 'no', why: 'shared' }
  else if (isKept) yield { kind: 'kept' }
  else yield* fetchCopy({ hash, sizeBytes, inline: null, holders: [parts.peer] }, parts)
}

/**
 * Not while this peer has asked others for the same payload: two could ask each other, and both wait. Nor by way of a further peer: who asks
 * knows whom else to ask.
 */
export async function* fetchFor(
  { hash, sizeBytes, from }: PayloadRequest & { kind: 'fetch' },
  parts: KeepCopyParts,
): AsyncGenerator<PayloadAnswer> {
  const { puller, network } = parts
  const connected = new Set(network.connected())
  const holders = from.filter(holder => connected.has(holder))
  if (await isHere({ hash, sizeBytes }, parts)) yield { kind: 'kept' }
  else if (puller.isAskingOthers(hash)) yield { kind: 'no', why: 'busy' }
  else if (holders.length === 0) yield { kind: 'no', why: 'failed' }
  else yield* fetchCopy({ hash, sizeBytes, inline: null, holders }, parts)
}

async function isHere(
  { hash, sizeBytes }: Pick<PayloadRef, 'hash' | 'sizeBytes'>,
  { files }: Pick<KeepCopyParts, 'files'>,
): Promise<boolean> {
  return (await files.touch(hash)) && (await files.sizeOf(hash)) === sizeBytes
}

async function* fetchCopy(
  ref: PayloadRef,
  { files, puller, clock, log, signal }: KeepCopyParts,
): AsyncGenerator<PayloadAnswer> {
  const { hash, holders } = ref
  const end = new AbortController()
  const pulled = puller
    .pull(ref, signal, { alone: true })
    .then(() => files.secure(hash))
    .then(
      (): PayloadAnswer => ({ kind: 'kept' }),
      (error: unknown): PayloadAnswer => {
        log.debug('no copy of a payload can be kept here', { hash, from: holders.join(', '), error })
        return { kind: 'no', why: 'failed' }
      },
    )
  try {
    for (let answer: PayloadAnswer = { kind: 'noted' }; answer.kind === 'noted';) {
      const pause = clock.sleep(COPY_NOTED_EVERY_MS, end.signal).then((): PayloadAnswer => ({ kind: 'noted' }))
      pause.catch(() => {})
      answer = await Promise.race([pulled, pause])
      // The fetch was joined to one of this peer's own, which has come to that: who asks may be the one that it waits for.
      if (answer.kind === 'noted' && puller.isAskingOthers(hash)) answer = { kind: 'no', why: 'busy' }
      yield answer
    }
  } finally {
    end.abort()
  }
}
