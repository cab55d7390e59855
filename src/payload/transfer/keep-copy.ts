/** Another peer wants its payload to be kept here, too: it is fetched from there, and said now and then that this goes on. */
import type { PayloadAnswer, PayloadRequest } from '../../../protocols/payload-messages.ts'
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { PayloadRef } from '../../lease/records.ts'
import type { PayloadFiles } from '../files/payload-files.ts'
import { COPY_NOTED_EVERY_MS } from '../payload-limits.ts'
import type { Puller } from './puller.ts'

export interface KeepCopyParts {
  files: Pick<PayloadFiles, 'id' | 'touch' | 'sizeOf' | 'secure'>
  puller: Pick<Puller, 'pull'>
  clock: Clock
  log: Log
  /** Who has it. */
  peer: string
  signal: AbortSignal
}

export async function* keepCopy(
  { hash, sizeBytes, folder }: PayloadRequest & { kind: 'keep' },
  { files, puller, clock, log, peer, signal }: KeepCopyParts,
): AsyncGenerator<PayloadAnswer> {
  const isHere = (await files.touch(hash)) && (await files.sizeOf(hash)) === sizeBytes
  if ((await files.id()) === folder) yield { kind: 'no', why: 'shared' }
  else if (isHere) yield { kind: 'kept' }
  else yield* fetchCopy({ hash, sizeBytes }, { files, puller, clock, log, peer, signal })
}

async function* fetchCopy(
  { hash, sizeBytes }: Pick<PayloadRef, 'hash' | 'sizeBytes'>,
  { files, puller, clock, log, peer, signal }: KeepCopyParts,
): AsyncGenerator<PayloadAnswer> {
  const end = new AbortController()
  const pulled = puller
    .pull({ hash, sizeBytes, inline: null, holders: [peer] }, signal)
    .then(() => files.secure(hash))
    .then(
      (): PayloadAnswer => ({ kind: 'kept' }),
      (error: unknown): PayloadAnswer => {
        log.debug('no copy of a payload can be kept here', { hash, from: peer, error })
        return { kind: 'no', why: 'failed' }
      },
    )
  try {
    for (let answer: PayloadAnswer = { kind: 'noted' }; answer.kind === 'noted';) {
      const pause = clock.sleep(COPY_NOTED_EVERY_MS, end.signal).then((): PayloadAnswer => ({ kind: 'noted' }))
      pause.catch(() => {})
      answer = await Promise.race([pulled, pause])
      yield answer
    }
  } finally {
    end.abort()
  }
}
