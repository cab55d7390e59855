/**
 * The events of the whole mesh, read from the ledger again and again. It needs no live peer and no hint. What it reads in one turn is what
 * changed: runs by their heads, DAG copies by their progress, tasks by their state and epoch. Reading takes at most
 * a share of the time, so that a large DAG makes events late, never the ledger slow.
 */
import type { Clock } from '../../core/clock.ts'
import { toErrorRecord } from '../../core/errors.ts'
import type { SessionRecord, TaskRecord } from '../../lease/records.ts'
import type { DagProgress, Ledger, RunHead } from '../../ledger/ledger.ts'
import type { BeatWatch } from '../beat-watch.ts'
import type { MeshEventView, MonitorBatch } from '../views.ts'
import {
  inOrder,
  isBad,
  markOf,
  NEW_RUN,
  NEW_SESSION,
  NEW_TASK,
  runEvents,
  sessionEvents,
  taskEvents,
  type RunMark,
  type SessionMark,
  type TaskMark,
} from './mesh-events.ts'

const POLL_MS = 500
/** Reading takes at most this share of the time. */
const MAX_READING_SHARE = 1 / 4
/** Running runs that are watched at once. */
const MAX_RUNS_WATCHED = 1000
/** Newest runs that are looked at for those that began since the last turn; as many again while all of them did. */
const NEWEST_RUNS = 50
const MAX_NEWEST_RUNS = 10_000
/** Changed tasks of one DAG copy that are read one by one. */
const MAX_SINGLE_READS = 200
/** Clocks of peers differ: how much earlier than this one somebody's death may be dated. */
export const CLOCKS_DIFFER_MS = 600_000

export interface WatchMeshParts {
  ledger: () => Promise<Ledger>
  clock: Pick<Clock, 'monotonicMs' | 'wallMs' | 'sleep'>
  beats: BeatWatch
  sessions: (deadSinceMs: number) => Promise<SessionRecord[]>
}

export interface WatchMeshOptions {
  signal: AbortSignal
  /** Wall clock: what happened earlier is not told. */
  sinceMs: number
  /** Nothing is told about tasks as they are at the first turn, so that they need not be read. */
  pastIsSilent?: boolean
  /** Only this run's tasks are read. */
  run?: string
}

interface WatchedTask extends Pick<TaskRecord, 'state' | 'epoch'> {
  mark: TaskMark
}

interface WatchedRun {
  mark: RunMark
  /** Progress of each DAG copy, as text, at the last look. */
  progress: Map<string, string>
  tasks: Map<string, WatchedTask>
}

/** One batch a turn, also when nothing happened; ends when `signal` aborts. The first turn tells where the mesh stands. */
export async function* watchMesh(parts: WatchMeshParts, options: WatchMeshOptions): AsyncGenerator<MonitorBatch> {
  const watcher = new MeshWatcher(parts, options)
  const { clock } = parts
  while (!options.signal.aborted) {
    const startedMs = clock.monotonicMs()
    yield await watcher.turn()
    await clock.sleep(Math.max(POLL_MS, (clock.monotonicMs() - startedMs) / MAX_READING_SHARE), options.signal)
  }
}

class MeshWatcher {
  readonly #parts: WatchMeshParts
  readonly #options: WatchMeshOptions
  readonly #sessions = new Map<string, SessionMark>()
  readonly #runs = new Map<string, WatchedRun>()
  /** Runs that were told to their end, or had ended before. */
  readonly #over = new Set<string>()
  #isFirst = true
  #livePeers = 0
  #runningRuns = 0

  constructor(parts: WatchMeshParts, options: WatchMeshOptions) {
    this.#parts = parts
    this.#options = options
  }

  /** A turn that fails is told, and nothing is lost by it: the next one goes on from the same marks. */
  async turn(): Promise<MonitorBatch> {
    try {
      const events = inOrder(await this.#read()).map(event => (isBad(event) ? { ...event, bad: true as const } : event))
      const since = new Date(this.#options.sinceMs).toISOString()
      // Later turns tell what they find, however it is dated: clocks of peers differ.
      const told = this.#isFirst ? events.filter(({ at }) => at >= since) : events
      this.#isFirst = false
      return { ...this.#counts(), events: told, failing: null }
    } catch (error) {
      return { ...this.#counts(), events: [], failing: toErrorRecord(error) }
    }
  }

  #counts(): Pick<MonitorBatch, 'livePeers' | 'runningRuns'> {
    return { livePeers: this.#livePeers, runningRuns: this.#runningRuns }
  }

  /** Marks change only when all was read: what a failed turn had found is found again. */
  async #read(): Promise<MeshEventView[]> {
    const ledger = await this.#parts.ledger()
    const commits: (() => void)[] = []
    const events = await this.#readSessions(commits)
    const heads = await this.#heads(ledger)
    for (const head of heads) events.push(...(await this.#readRun(ledger, head, commits)))
    for (const commit of commits) commit()
    return events
  }

  async #readSessions(commits: (() => void)[]): Promise<MeshEventView[]> {
    const { clock, beats, sessions: read } = this.#parts
    const sessions = (await read(this.#options.sinceMs - CLOCKS_DIFFER_MS)).filter(({ kind }) => kind === 'node')
    const silent = beats.look(sessions)
    this.#livePeers = sessions.filter(({ state }) => state !== 'dead').length
    return sessions.flatMap(session => {
      const mark = this.#sessions.get(session.id) ?? NEW_SESSION
      const told = sessionEvents(session, silent.get(session.id) ?? 0, mark, clock.wallMs())
      commits.push(() => this.#sessions.set(session.id, told.mark))
      return told.events
    })
  }

  /** Running now, known as running, or begun and ended since the last turn. */
  async #heads(ledger: Ledger): Promise<RunHead[]> {
    const running = await ledger.runHeads({ states: ['running'], limit: MAX_RUNS_WATCHED })
    this.#runningRuns = running.length
    const found = new Map(running.map(head => [head.id, head]))
    for (const head of await this.#newest(ledger)) found.set(head.id, found.get(head.id) ?? head)
    for (const id of this.#runs.keys()) {
      if (found.has(id)) continue
      const head = await ledger.runHead(id)
      if (head !== undefined) found.set(id, head)
    }
    const { run } = this.#options
    return [...found.values()].filter(({ id }) => !this.#over.has(id) && (run === undefined || id === run))
  }

  async #newest(ledger: Ledger): Promise<RunHead[]> {
    for (let limit = NEWEST_RUNS; ; limit *= 2) {
      const newest = await ledger.runHeads({ limit })
      const oldest = newest.at(-1)
      const reachesKnown = oldest === undefined || this.#isKnown(oldest.id) || oldest.createdAt < this.#options.sinceMs
      if (this.#isFirst || reachesKnown || newest.length < limit || limit >= MAX_NEWEST_RUNS) return newest
    }
  }

  #isKnown(id: string): boolean {
    return this.#runs.has(id) || this.#over.has(id)
  }

  /** The head was read before the tasks: once it says that the run has ended, the tasks' last states are there. */
  async #readRun(ledger: Ledger, head: RunHead, commits: (() => void)[]): Promise<MeshEventView[]> {
    const endedBefore = head.state !== 'running' && (head.endedAt ?? 0) < this.#options.sinceMs
    if (endedBefore && !this.#runs.has(head.id)) {
      commits.push(() => this.#over.add(head.id))
      return []
    }
    const known = this.#runs.get(head.id) ?? { mark: NEW_RUN, progress: new Map(), tasks: new Map() }
    const told = runEvents(head, known.mark)
    const events = told.events
    for (const dag of await ledger.dagProgress(head.id)) {
      events.push(...(await this.#readDag(ledger, { run: head.id, known, dag }, commits)))
    }
    commits.push(() => {
      known.mark = told.mark
      this.#runs.set(head.id, known)
      if (!told.mark.ended) return
      this.#runs.delete(head.id)
      this.#over.add(head.id)
    })
    return events
  }

  async #readDag(
    ledger: Ledger,
    { run, known, dag }: { run: string; known: WatchedRun; dag: DagProgress },
    commits: (() => void)[],
  ): Promise<MeshEventView[]> {
    const progress = progressText(dag)
    if (known.progress.get(dag.dag) === progress) return []
    const events: MeshEventView[] = []
    const changed: string[] = []
    for (const standing of await ledger.taskStates(run, dag.dag)) {
      const { id, state, epoch } = standing
      const before = known.tasks.get(id)
      if (before?.state === state && before.epoch === epoch) continue
      if (this.#isFirst && this.#options.pastIsSilent) {
        commits.push(() => known.tasks.set(id, { mark: markOf(standing), state, epoch }))
      } else {
        changed.push(id)
      }
    }
    for (const task of await readTasks(ledger, { run, dag: dag.dag, ids: changed })) {
      const { id, state, epoch } = task
      const told = taskEvents(task, known.tasks.get(id)?.mark ?? NEW_TASK)
      events.push(...told.events)
      commits.push(() => known.tasks.set(id, { mark: told.mark, state, epoch }))
    }
    // Read before the tasks, it is at most older than they are: then the DAG is read once more.
    commits.push(() => known.progress.set(dag.dag, progress))
    return events
  }
}

/** A few one by one, many with the rest of their DAG. */
async function readTasks(
  ledger: Ledger,
  { run, dag, ids }: { run: string; dag: string; ids: readonly string[] },
): Promise<TaskRecord[]> {
  if (ids.length === 0) return []
  if (ids.length <= MAX_SINGLE_READS) {
    const found = (await Promise.all(ids.map(id => ledger.task(id)))).filter(task => task !== undefined)
    if (found.length === ids.length) return found
    // Those that are not written yet are told only with the whole DAG.
  }
  const wanted = new Set(ids)
  return (await ledger.tasks(run, dag)).filter(({ id }) => wanted.has(id))
}

function progressText({ counts, epochs }: DagProgress): string {
  return JSON.stringify([epochs, Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1))])
}
