/** The events one by one, for scripts: of the whole mesh, or of one run from its beginning to its end. */
import type { MeshEventView, MonitorBatch } from '../views.ts'

export interface SingleEvents {
  batches: (signal: AbortSignal) => AsyncIterable<MonitorBatch>
  signal: AbortSignal | undefined
  /** Only of this run. `isOver`: it had ended before, so that its events are all there. */
  run: { id: string; isOver: boolean } | undefined
}

export async function* singleEvents({ batches, signal, run }: SingleEvents): AsyncGenerator<MeshEventView> {
  const over = new AbortController()
  const ended = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal])
  try {
    for await (const { events, failing } of batches(ended)) {
      for (const event of events) {
        if (run !== undefined && event.run !== run.id) continue
        yield event
        if (run !== undefined && event.event === 'run-ended') return
      }
      if (run?.isOver === true && failing === null) return
    }
  } finally {
    // Whoever stops looking leaves no timer behind.
    over.abort()
  }
}
