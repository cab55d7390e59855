/** Another peer needs a file that a task named here: it is told under which hash it may have it, and now and then that it is being read. */
import type { PayloadAnswer, PayloadRequest } from '../../../protocols/payload-messages.ts'
import type { Clock } from '../../core/clock.ts'
import { hasCode } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import type { FileHasher } from '../files/file-hasher.ts'
import type { FileLink, RunFiles } from '../files/run-files.ts'
import { COPY_NOTED_EVERY_MS } from '../payload-limits.ts'

export interface AnswerFileParts {
  runFiles: RunFiles
  hasher: FileHasher
  clock: Clock
  log: Log
  signal: AbortSignal
}

/** Ends when the file is known, changed or cannot be had, and when the disk does not answer: then nothing is noted any more. */
export async function* answerFile(
  { run, hash: id }: PayloadRequest & { kind: 'file' },
  { runFiles, hasher, clock, log, signal }: AnswerFileParts,
): AsyncGenerator<PayloadAnswer> {
  const link = await runFiles.find(run, id)
  if (link === undefined) yield { kind: 'no', why: 'missing' }
  else yield* judgeFile(link, { hasher, clock, log, signal })
}

async function* judgeFile(
  link: FileLink,
  { hasher, clock, log, signal }: Omit<AnswerFileParts, 'runFiles'>,
): AsyncGenerator<PayloadAnswer> {
  const end = new AbortController()
  const judged = hasher.judge(link, AbortSignal.any([signal, end.signal])).then(
    (verdict): PayloadAnswer =>
      verdict.kind === 'file'
        ? verdict
        : {
            kind: 'changed',
            found: verdict.found && { bytes: verdict.found.bytes, modifiedMs: verdict.found.modifiedMs },
          },
    (error: unknown): PayloadAnswer => {
      log.debug('a file could not be read for another peer', { path: link.path, error })
      return { kind: 'no', why: hasCode(error, 'LF_PAYLOAD_BUSY') ? 'busy' : 'failed' }
    },
  )
  try {
    for (let answer: PayloadAnswer = { kind: 'noted' }; answer.kind === 'noted';) {
      const before = hasher.readBytes
      const pause = clock.sleep(COPY_NOTED_EVERY_MS, end.signal).then((): PayloadAnswer => ({ kind: 'noted' }))
      pause.catch(() => {})
      answer = await Promise.race([judged, pause])
      // A share that hangs: who asks gives up by itself, and may find the file elsewhere.
      if (answer.kind !== 'noted' || hasher.readBytes > before) yield answer
    }
  } finally {
    end.abort()
  }
}
