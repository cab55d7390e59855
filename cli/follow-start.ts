/** What is said when a run has been started, and how `--wait` follows it. Shared by `start` and `retry`. */
import type { Client, StartView } from '../src/index.ts'
import { EXIT } from './error-report.ts'
import type { Surface } from './render/colours.ts'

/** Remarks: nobody is there to run it, or some of it. */
export function startRemarks({ peers, unservedQueues, serveWith }: StartView): string[] {
  const isDefault = unservedQueues.length === 1 && unservedQueues[0] === 'task'
  if (peers === 0 && (isDefault || unservedQueues.length === 0)) {
    return ['No peer is alive: the run starts when one is.', 'Start one with: lf node']
  }
  if (unservedQueues.length === 0) return []
  const queues = unservedQueues.join(', ')
  return [
    `No peer serves ${unservedQueues.length === 1 ? 'queue' : 'the queues'} ${queues}: its tasks wait.`,
    `Start a peer for it with: ${serveWith ?? `lf node --queues ${unservedQueues.join(',')}`}`,
  ]
}

export interface FollowOptions {
  client: Client
  /** Undefined: shows no progress. */
  stream: NodeJS.WriteStream | undefined
  surface: () => Surface
  note: (text: string) => void
}

/** Waits for the run's end; sets the exit code when it did not succeed or somebody stopped waiting. */
export async function followStart<Started extends StartView>(
  started: Started,
  { client, stream, surface, note }: FollowOptions,
): Promise<Started> {
  const [{ waitForRun }, { waitSummary }, { exitCodeOf }] = await Promise.all([
    import('./wait-progress.ts'),
    import('./render/wait-view.ts'),
    import('./stop-signals.ts'),
  ])
  const { run, interrupted } = await waitForRun({ client, run: started.run, stream, surface })
  if (interrupted !== undefined) {
    note(`The run goes on. Stop it with: lf workflow stop ${run.run}`)
    process.exitCode = exitCodeOf(interrupted)
  } else {
    note(waitSummary(run, surface()))
    if (run.state !== 'succeeded') process.exitCode = EXIT.failure
  }
  return { ...started, state: run.state, ...(run.durationMs === null ? {} : { durationMs: run.durationMs }) }
}
