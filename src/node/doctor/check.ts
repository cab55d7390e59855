/** One thing that `lf doctor` looks at, and how it is run: never longer than its limit, and a crash of it is only its own. */
import type { Clock } from '../../core/clock.ts'
import { toErrorRecord } from '../../core/errors.ts'

export type CheckState = 'ok' | 'warning' | 'failed'

/** A line of the report. Scripts rely on it: fields are added, never renamed. */
export interface CheckView {
  name: string
  state: CheckState
  /** What was found, as a sentence without a full stop. */
  found: string
  /** What to do about it. */
  hint?: string
}

/** What a decision says; the name comes from its check. */
export type Finding = Omit<CheckView, 'name'>

export interface CheckTools {
  /** Aborts when the limit is over: the check ends what it started. */
  signal: AbortSignal
  /** What it does at this moment, for a check that takes long. */
  tell: (doing: string) => void
}

export interface Check {
  name: string
  limitMs: number
  run: (tools: CheckTools) => Promise<CheckView[]>
}

export async function runCheck(
  { name, limitMs, run }: Check,
  { clock, tell }: { clock: Pick<Clock, 'sleep'>; tell: (doing: string) => void },
): Promise<CheckView[]> {
  const over = new AbortController()
  const ended = new AbortController()
  const tooLong = clock.sleep(limitMs, ended.signal).then((): CheckView[] => {
    over.abort()
    return [{ name, ...tookTooLong(limitMs) }]
  })
  try {
    const done = (async () => run({ signal: over.signal, tell }))().catch((error: unknown) => [
      { name, ...crashed(error) },
    ])
    return await Promise.race([done, tooLong])
  } finally {
    ended.abort()
  }
}

export function ok(found: string): Finding {
  return { state: 'ok', found }
}

export function warning(found: string, hint: string): Finding {
  return { state: 'warning', found, hint }
}

export function failed(found: string, hint: string): Finding {
  return { state: 'failed', found, hint }
}

/** An error of ours explains itself: its sentence, and its hint. */
export function failedWith(error: unknown): Finding {
  const { message, hint } = toErrorRecord(error)
  return failed(message.replace(/\.$/, ''), hint ?? 'Run it again with LF_DEBUG=1 to see more.')
}

function tookTooLong(limitMs: number): Finding {
  return failed(
    `not answered within ${limitMs / 1000} s`,
    'Something hangs there: look at the disk or the server behind it, and at the load of the machine.',
  )
}

function crashed(error: unknown): Finding {
  const { message, hint } = toErrorRecord(error)
  return failed(`the check itself failed: ${message.replace(/\.$/, '')}`, hint ?? 'The other checks are not affected.')
}
