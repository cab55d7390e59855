/** What `mesh status` is made of, read from the ledger. It never reads whole runs: counts, and the few tasks that are in work. */
import type { Clock } from '../core/clock.ts'
import type { SessionRecord, TaskRecord } from '../lease/records.ts'
import type { DagProgress, Ledger, RunHead } from '../ledger/ledger.ts'
import type { BeatWatch } from './beat-watch.ts'

/** Running runs that are looked at, newest first. */
const MAX_RUNS_LOOKED_AT = 100
/** Tasks of one run that are being run, or lost: more than any mesh has room for at once, by far. */
const MAX_TASKS_PER_RUN = 1000
/** Ready tasks of one run that are asked since when they wait; they are read in order of definition. */
const MAX_READY_PER_RUN = 20
/** Ended tasks per run that are asked how long they had waited. */
const MAX_ENDED_PER_RUN = 100
/** The dead are shown for this long, unless they came back. */
const DEAD_SHOWN_MS = 24 * 3_600_000
/** Runs that failed so lately are named. */
const FAILED_SHOWN_MS = 3_600_000
const MAX_FAILED_SHOWN = 5

export interface RunFacts {
  head: RunHead
  progress: readonly DagProgress[]
  /** Claimed and lost ones. */
  inWork: readonly TaskRecord[]
  /** Some of those that are ready. */
  ready: readonly TaskRecord[]
  /** Some of those that were run. */
  done: readonly TaskRecord[]
}

export interface MeshReading {
  nowMs: number
  roundTripMs: number
  sessions: readonly SessionRecord[]
  /** Milliseconds without a beat, by session; 0 while it is well. */
  silentMs: ReadonlyMap<string, number>
  /** Ids of the tasks that each live session holds. */
  holds: ReadonlyMap<string, readonly string[]>
  runs: readonly RunFacts[]
  failed: readonly RunHead[]
  backlog: Record<string, number>
}

export interface ReadMeshParts {
  ledger: Ledger
  clock: Pick<Clock, 'monotonicMs' | 'wallMs'>
  beats: BeatWatch
  /** With those that nobody was there to bury as what they are. */
  sessions: (deadSinceMs: number) => Promise<SessionRecord[]>
}

export async function readMesh({ ledger, clock, beats, sessions: read }: ReadMeshParts): Promise<MeshReading> {
  const nowMs = clock.wallMs()
  const sentMs = clock.monotonicMs()
  const backlog = await ledger.backlog()
  const roundTripMs = clock.monotonicMs() - sentMs
  const sessions = await read(nowMs - DEAD_SHOWN_MS)
  const heads = await ledger.runHeads({ states: ['running'], limit: MAX_RUNS_LOOKED_AT })
  const failed = await ledger.runHeads({ states: ['failed', 'aborted'], limit: MAX_FAILED_SHOWN })
  const live = sessions.filter(({ kind, state }) => kind === 'node' && state !== 'dead')
  const claims = await Promise.all(live.map(({ id }) => ledger.claimsOf(id)))
  return {
    nowMs,
    roundTripMs,
    sessions,
    silentMs: beats.look(sessions),
    holds: new Map(live.map(({ id }, index) => [id, (claims[index] ?? []).map(({ task }) => task)])),
    runs: await Promise.all(heads.map(head => readRun(ledger, head))),
    failed: failed.filter(({ endedAt }) => nowMs - (endedAt ?? 0) < FAILED_SHOWN_MS),
    backlog,
  }
}

async function readRun(ledger: Ledger, head: RunHead): Promise<RunFacts> {
  const progress = await ledger.dagProgress(head.id)
  const has = (state: keyof DagProgress['counts']) => progress.some(({ counts }) => (counts[state] ?? 0) > 0)
  const none = Promise.resolve([])
  const [inWork, ready, done] = await Promise.all([
    has('claimed') || has('lost') ? ledger.tasksIn(head.id, ['claimed', 'lost'], MAX_TASKS_PER_RUN) : none,
    has('ready') ? ledger.tasksIn(head.id, ['ready'], MAX_READY_PER_RUN) : none,
    has('done') ? ledger.tasksIn(head.id, ['done'], MAX_ENDED_PER_RUN) : none,
  ])
  return { head, progress, inWork, ready, done }
}

/** Ready and claimed tasks that are looked at when one run alone is asked about. */
const MAX_TASKS_OF_ONE_RUN = 1000

/** The same for one run: what of the mesh has to do with it. */
export async function readMeshOfRun(
  { ledger, clock, beats, sessions: read }: ReadMeshParts,
  head: RunHead,
): Promise<MeshReading> {
  const nowMs = clock.wallMs()
  const sessions = await read(nowMs)
  const [inWork, ready] = await Promise.all([
    ledger.tasksIn(head.id, ['claimed', 'lost'], MAX_TASKS_OF_ONE_RUN),
    ledger.tasksIn(head.id, ['ready'], MAX_TASKS_OF_ONE_RUN),
  ])
  const held = inWork.flatMap(({ id, owner, state }) => (state === 'claimed' && owner !== null ? [{ id, owner }] : []))
  const holds = Map.groupBy(held, ({ owner }) => owner)
  const byQueue = Map.groupBy(ready, ({ queue }) => queue)
  return {
    nowMs,
    roundTripMs: 0,
    sessions,
    silentMs: beats.look(sessions),
    holds: new Map(Array.from(holds, ([session, tasks]) => [session, tasks.map(({ id }) => id)])),
    runs: [{ head, progress: [], inWork, ready, done: [] }],
    failed: [],
    backlog: Object.fromEntries(Array.from(byQueue, ([queue, tasks]) => [queue, tasks.length])),
  }
}
