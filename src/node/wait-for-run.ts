/** Waiting for the end of a run. Peers of this host tell when they have ended one; for all others it is looked at now and then. */
import type { Clock } from '../core/clock.ts'
import { silentLog } from '../core/log.ts'
import type { RunHead } from '../ledger/ledger.ts'
import { answerDoorbell } from './doorbell.ts'
import type { RunView, TroubleView } from './views.ts'

export interface WaitForRunParts {
  clock: Clock
  /** The file that peers touch when they have ended a run: see `doorbell.ts`. */
  endBell: string
  /** All peers that could end the run are of this host, and touch that file. */
  isRung: boolean
  look: () => Promise<{ head: RunHead; view: RunView }>
  /** What holds it up. */
  troubles: (head: RunHead) => Promise<Pick<RunView, 'troubles'>>
}

export interface WaitForRunOptions {
  /** Ends the waiting; the run goes on. */
  signal?: AbortSignal
  /** Called when something has changed. */
  onProgress?: (run: RunView) => void
}

/**
 * Between two looks: a tenth of the time waited so far, within these. The longest where the end is told of and nobody is shown how far the run is:
 * looking takes the time of the cores on which it runs.
 */
const MIN_PAUSE_MS = 5
const MAX_PAUSE_MS = 100
/** Who waits for a run is told what holds it up as often as this. */
const TROUBLES_EVERY_MS = 1000

/** The run as it has ended, or as it was when `signal` aborted. */
export async function waitForRun(parts: WaitForRunParts, options: WaitForRunOptions): Promise<RunView> {
  const bell = { ring: () => {} }
  const leave = await answerDoorbell(parts.endBell, () => bell.ring(), silentLog)
  try {
    return await untilEnded(parts, options, bell)
  } finally {
    leave()
  }
}

async function untilEnded(
  { clock, isRung, look, troubles }: WaitForRunParts,
  { signal, onProgress }: WaitForRunOptions,
  bell: { ring: () => void },
): Promise<RunView> {
  const startedMs = clock.monotonicMs()
  let shown = ''
  let looked: { atMs: number; troubles: Pick<RunView, 'troubles'> } = { atMs: startedMs, troubles: {} }
  for (;;) {
    // Before it looks: what rings while it does so is not to be missed.
    const pause = new AbortController()
    bell.ring = () => pause.abort()
    const { head, view: plain } = await look()
    // Nobody waits for what nobody is told.
    const isDue = onProgress !== undefined && clock.monotonicMs() - looked.atMs >= TROUBLES_EVERY_MS
    if (isDue) looked = { atMs: clock.monotonicMs(), troubles: await troubles(head) }
    const view = head.state === 'running' ? { ...plain, ...looked.troubles } : plain
    const seen = JSON.stringify([view.state, view.tasks, view.troubles?.map(nameOfTrouble)])
    if (seen !== shown) onProgress?.(view)
    shown = seen
    if (view.state !== 'running' || signal?.aborted === true) return view
    const isTold = isRung && onProgress === undefined
    const pauseMs = isTold ? MAX_PAUSE_MS : Math.max(MIN_PAUSE_MS, (clock.monotonicMs() - startedMs) / 10)
    const ended = signal === undefined ? pause.signal : AbortSignal.any([pause.signal, signal])
    await clock.sleep(Math.min(pauseMs, MAX_PAUSE_MS), ended)
  }
}

/** What is wrong and where, without the time since when. */
function nameOfTrouble({ kind, peer, task, queue }: TroubleView): unknown[] {
  return [kind, peer, task, queue]
}
