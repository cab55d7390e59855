/** The client: what commands and scripts ask of Lightflow. It reads and writes the ledger and needs no live peer. */
import { hostname } from 'node:os'
import { type Clock, systemClock } from '../core/clock.ts'
import { LightflowError, toErrorRecord } from '../core/errors.ts'
import { type Random, systemRandom } from '../core/random.ts'
import type { RunRecord, RunState, SessionRecord, TaskRecord } from '../lease/records.ts'
import type { Ledger, RunFilter, RunHead } from '../ledger/ledger.ts'
import { FilePayloadStore } from '../payload/files/file-payload-store.ts'
import { mostSimilar } from '../workflow/did-you-mean.ts'
import { DEFAULT_QUEUE } from '../workflow/make-plan.ts'
import { nodeCommand } from '../workflow/needs.ts'
import { decodeDataset } from '../../protocols/dataset.ts'
import { BeatWatch } from './beat-watch.ts'
import type { Client, ClientOptions, LogLine, RetryOptions, RunsOnly, StartOptions } from './client-api.ts'
import { ringDoorbell } from './doorbell.ts'
import { findWorkflowFiles, resolveWorkflow } from './find-workflows.ts'
import { followOutputs } from './follow-outputs.ts'
import { meshStatusView, runTroubles, unwellSessions } from './mesh-views.ts'
import { singleEvents } from './monitor/single-events.ts'
import { CLOCKS_DIFFER_MS, watchMesh } from './monitor/watch-mesh.ts'
import { openLedger } from './open-ledger.ts'
import { readOutputs } from './output-files.ts'
import { drainPeer, evictPeer, peerWork, waitUntilLeft, type PeerActionParts } from './peer-actions.ts'
import { readMesh, readMeshOfRun, type ReadMeshParts } from './read-mesh.ts'
import { retryWorkflow } from './retry-workflow.ts'
import { isNamed, lastTasks, runDetailsView, runView } from './run-views.ts'
import { describeLedger, resolveHome, resolveLedger, sharedFolders, workflowFolders } from './settings.ts'
import { settleStopped } from './settle-stopped.ts'
import { loadWorkflow, submitWorkflow } from './submit-workflow.ts'
import { waitForRun, type WaitForRunOptions } from './wait-for-run.ts'
import { whoAmI } from './who-am-i.ts'
import type { LedgerLocation, SharedFolders } from './settings.ts'
import type {
  BrokenWorkflowView,
  DrainView,
  EvictView,
  MeshEventView,
  MeshStatusView,
  MonitorBatch,
  PeerView,
  PeerWorkView,
  ResolveView,
  ResultView,
  RetryView,
  RunDetailsView,
  RunView,
  StartView,
  StopView,
  StoredView,
  WorkflowView,
} from './views.ts'

/** Runs shown when nobody asks for more. */
const DEFAULT_RUNS_SHOWN = 50

export function openClient(options: ClientOptions = {}): Promise<Client> {
  return Promise.resolve(new LedgerClient(options, { clock: systemClock, random: systemRandom }))
}

class LedgerClient implements Client {
  readonly #location: LedgerLocation
  readonly #folders: SharedFolders
  readonly #workflowFolders: string[]
  readonly #parts: { clock: Clock; random: Random }
  readonly #payloads: FilePayloadStore
  readonly #beats: BeatWatch
  #ledger: Promise<Ledger> | null = null

  constructor({ ledger, home, workflowFolders: folders }: ClientOptions, parts: { clock: Clock; random: Random }) {
    this.#location = resolveLedger(ledger, process.env, resolveHome(home, process.env))
    this.#folders = sharedFolders(this.#location)
    this.#workflowFolders = workflowFolders(folders, process.env)
    this.#parts = parts
    this.#beats = new BeatWatch(parts.clock)
    this.#payloads = new FilePayloadStore({ folder: this.#folders.payloads, peer: '', random: parts.random })
  }

  async workflows(): Promise<{ workflows: WorkflowView[]; broken: BrokenWorkflowView[] }> {
    const workflows: WorkflowView[] = []
    const broken: BrokenWorkflowView[] = []
    for (const file of await findWorkflowFiles(this.#workflowFolders)) {
      try {
        const { plan } = await loadWorkflow(file)
        workflows.push({ name: plan.name, description: plan.description, file, options: plan.options })
      } catch (error) {
        broken.push({ file, error: toErrorRecord(error) })
      }
    }
    return { workflows, broken }
  }

  async start(nameOrFile: string, options: StartOptions = {}): Promise<StartView> {
    const file = await resolveWorkflow(nameOrFile, this.#workflowFolders)
    const loaded = await loadWorkflow(file)
    let rung: Promise<void> | undefined
    const ring = (): Promise<void> => (rung ??= this.#ring())
    const parts = { ledger: () => this.#open(true), random: this.#parts.random, onVisible: () => void ring() }
    const run = await submitWorkflow(loaded, options, parts)
    await ring()
    return this.#started(run, queuesOf(run))
  }

  async retry(id: string, { workflow, ...choices }: RetryOptions = {}): Promise<RetryView> {
    const ledger = await this.#open()
    const old = await this.#find(id)
    const file = workflow === undefined ? undefined : await resolveWorkflow(workflow, this.#workflowFolders)
    const given = file === undefined ? choices : { ...choices, corrected: await loadWorkflow(file) }
    const keep = (hash: string): Promise<boolean> => this.#payloads.files.touch(hash)
    const parts = { ledger, random: this.#parts.random, keep, sessions: () => this.#sessions(0) }
    const { run, remade } = await retryWorkflow(parts, old, given)
    await this.#ring()
    const [reused, fresh] = partition(await ledger.tasks(run.id), task => task.reused === true)
    const started = await this.#started(run, Array.from(new Set(fresh.map(({ queue }) => queue))))
    const again = fresh.filter(({ state }) => state !== 'skipped').map(({ dag, name }) => `${dag}/${name}`)
    return { ...started, retryOf: id, reused: reused.length, again, remade }
  }

  async #started(run: RunRecord, queues: readonly string[]): Promise<StartView> {
    const live = (await this.#sessions()).filter(({ kind, state }) => kind === 'node' && state === 'alive')
    const served = new Set(live.flatMap(peer => peer.queues))
    const unserved = queues.filter(queue => !served.has(queue))
    return {
      run: run.id,
      workflow: run.workflow,
      peers: live.filter(peer => queues.some(queue => peer.queues.includes(queue))).length,
      unservedQueues: unserved,
      ...(unserved.length === 0 ? {} : { serveWith: nodeCommand(unserved, DEFAULT_QUEUE) }),
    }
  }

  async runs(limit = DEFAULT_RUNS_SHOWN, states?: readonly RunState[], only: RunsOnly = {}): Promise<RunView[]> {
    return this.#runViews({ limit, ...only, ...(states === undefined ? {} : { states }) })
  }

  async run(id: string): Promise<RunView> {
    const { head, view } = await this.#runAndHead(id)
    return { ...view, ...(await this.#troubles(head)) }
  }

  async show(id: string): Promise<RunDetailsView> {
    const ledger = await this.#open()
    const run = await this.#find(id)
    const reading = run.state === 'running' ? await readMeshOfRun(await this.#meshParts(), run) : undefined
    const unwell = reading === undefined ? undefined : unwellSessions(reading)
    const nowMs = this.#parts.clock.wallMs()
    const view = runDetailsView(run, await ledger.dags(id), await ledger.tasks(id), nowMs, unwell)
    return reading === undefined ? view : { ...view, troubles: runTroubles(reading) }
  }

  async #runAndHead(id: string): Promise<{ head: RunHead; view: RunView }> {
    const progress = await (await this.#open()).runProgress(id)
    const { head, counts } = progress ?? (await this.#unknownRun(id))
    return { head, view: runView(head, counts, this.#parts.clock.wallMs()) }
  }

  /** A run that has ended has none. */
  async #troubles(head: RunHead): Promise<Pick<RunView, 'troubles'>> {
    if (head.state !== 'running') return {}
    return { troubles: runTroubles(await readMeshOfRun(await this.#meshParts(), head)) }
  }

  async #meshParts(): Promise<ReadMeshParts> {
    const sessions = (deadSinceMs: number): Promise<SessionRecord[]> => this.#sessions(deadSinceMs)
    return { ledger: await this.#open(), clock: this.#parts.clock, beats: this.#beats, sessions }
  }

  async results(id: string, task?: string): Promise<ResultView[]> {
    const ledger = await this.#open()
    const run = await this.#find(id)
    const tasks = await ledger.tasks(id)
    const wanted = task === undefined ? finalTasks(run, tasks) : tasks.filter(record => isNamed(record, task))
    if (task !== undefined && wanted.length === 0) throw unknownTask(id, task, tasks)
    return Promise.all(wanted.map(record => this.#result(record)))
  }

  async stored(id: string, path: string): Promise<StoredView> {
    const { keepData, state } = await this.#head(id)
    const value = await (await this.#open()).storeGet(id, 'data', path)
    return { run: id, path, value, isDropped: state === 'succeeded' && !keepData }
  }

  async stop(id: string): Promise<StopView> {
    const ledger = await this.#open()
    await this.#head(id)
    const stopped = await ledger.stopRun(id, {
      reason: 'stopped',
      by: whoAmI(),
      at: this.#parts.clock.wallMs(),
      error: null,
    })
    await this.#ring()
    if (stopped) await settleStopped(ledger, id, this.#parts.clock)
    const { state } = await this.#head(id)
    return { run: id, stopped, state }
  }

  async resolve(id: string, task: string, decision: 'run-again' | 'give-up'): Promise<ResolveView> {
    const ledger = await this.#open()
    await this.#head(id)
    const tasks = await ledger.tasks(id)
    const named = tasks.filter(record => isNamed(record, task))
    if (named.length === 0) throw unknownTask(id, task, tasks)
    const lost = named.filter(({ state }) => state === 'lost')
    const [record] = lost
    if (record === undefined) throw nothingToDecide(named)
    if (lost.length > 1) throw severalLost(lost)
    await ledger.resolve(record.id, decision, whoAmI())
    await this.#ring()
    const { state } = (await ledger.task(record.id)) ?? record
    return { run: id, task: `${record.dag}/${record.name}`, decision, state }
  }

  async meshStatus(): Promise<MeshStatusView> {
    const parts = await this.#meshParts()
    const reading = await readMesh(parts)
    const { traits, incarnation } = parts.ledger
    return meshStatusView(reading, { kind: traits.kind, incarnation, location: describeLedger(this.#location) })
  }

  async peers(): Promise<PeerView[]> {
    return (await this.meshStatus()).peers
  }

  async peer(peer: string): Promise<PeerWorkView> {
    return peerWork(await this.#peerParts(), peer)
  }

  async drain(peer: string): Promise<DrainView> {
    const asked = await drainPeer(await this.#peerParts(), peer)
    await this.#ring()
    return asked
  }

  async waitUntilLeft(
    session: string,
    options: { signal?: AbortSignal; onProgress?: (view: DrainView) => void } = {},
  ): Promise<DrainView> {
    return waitUntilLeft(await this.#peerParts(), session, options)
  }

  async evict(peer: string): Promise<EvictView> {
    return evictPeer(await this.#peerParts(), peer)
  }

  async #peerParts(): Promise<PeerActionParts> {
    return { ledger: await this.#open(), clock: this.#parts.clock, beats: this.#beats }
  }

  async wait(id: string, options: WaitForRunOptions = {}): Promise<RunView> {
    return waitForRun(
      {
        clock: this.#parts.clock,
        endBell: this.#folders.endBell,
        isRung: this.#location.kind === 'sqlite',
        look: () => this.#runAndHead(id),
        troubles: head => this.#troubles(head),
      },
      options,
    )
  }

  async *logs(
    id: string,
    task?: string,
    { follow = false, signal = new AbortController().signal }: { follow?: boolean; signal?: AbortSignal } = {},
  ): AsyncIterable<LogLine> {
    const run = await this.#find(id)
    if (task !== undefined) checkPlannedTask(run, task)
    const { outputs } = this.#folders
    const isOver = async (): Promise<boolean> => (await this.#head(id)).state !== 'running'
    yield* follow
      ? followOutputs(outputs, this.#parts.clock, { run: id, task, signal, isOver })
      : readOutputs(outputs, id, task)
  }

  async logsElsewhere(id: string, task?: string): Promise<string[]> {
    const ledger = await this.#open()
    if (ledger.traits.oneHost) return []
    const hosts = new Map((await ledger.sessions(0)).map(session => [session.id, session.host]))
    const tasks = (await ledger.tasks(id)).filter(record => task === undefined || isNamed(record, task))
    const ran = new Set(tasks.flatMap(({ history }) => history.flatMap(({ session }) => hosts.get(session) ?? [])))
    ran.delete(hostname())
    return [...ran].sort()
  }

  async *monitor({
    signal,
    sinceMs,
    run,
  }: {
    signal: AbortSignal
    sinceMs?: number
    run?: string
  }): AsyncIterable<MonitorBatch> {
    if (run !== undefined) await this.#head(run)
    else await this.#open()
    const sessions = (deadSinceMs: number): Promise<SessionRecord[]> => this.#sessions(deadSinceMs)
    const parts = { ledger: () => this.#open(), clock: this.#parts.clock, beats: this.#beats, sessions }
    const begin = { sinceMs: sinceMs ?? this.#parts.clock.wallMs(), pastIsSilent: sinceMs === undefined }
    yield* watchMesh(parts, { signal, ...begin, ...(run === undefined ? {} : { run }) })
  }

  async *events({
    signal,
    sinceMs,
    run,
  }: { signal?: AbortSignal; sinceMs?: number; run?: string } = {}): AsyncIterable<MeshEventView> {
    const head = run === undefined ? undefined : await this.#head(run)
    const since = sinceMs ?? (head === undefined ? undefined : head.createdAt - CLOCKS_DIFFER_MS)
    const begin = {
      ...(since === undefined ? {} : { sinceMs: since }),
      ...(run === undefined ? {} : { run }),
    }
    yield* singleEvents({
      batches: ended => this.monitor({ signal: ended, ...begin }),
      signal,
      run: head === undefined ? undefined : { id: head.id, isOver: head.state !== 'running' },
    })
  }

  async close(): Promise<void> {
    const ledger = await this.#ledger?.catch(() => null)
    await ledger?.close()
  }

  #open(create = false): Promise<Ledger> {
    this.#ledger ??= openLedger(this.#location, this.#parts, { create }).catch((error: unknown) => {
      // The next call tries again: a ledger that is not there yet may come.
      this.#ledger = null
      throw error
    })
    return this.#ledger
  }

  /** Peers of this host look at once, not at their next sweep. */
  #ring(): Promise<void> {
    return ringDoorbell(this.#folders.doorbell, this.#parts.clock)
  }

  /** With those that nobody was there to bury shown as what they are. */
  async #sessions(deadSinceMs?: number): Promise<SessionRecord[]> {
    const ledger = await this.#open()
    const sessions = await ledger.sessions(deadSinceMs)
    const open = sessions.filter(({ state }) => state !== 'dead')
    const verdicts = await ledger.probe(open.map(({ id }) => id))
    const gone = new Set(verdicts.flatMap(({ session, verdict }) => (verdict === 'gone' ? [session] : [])))
    return sessions.map(session =>
      gone.has(session.id) ? { ...session, state: 'dead', deathProof: 'lock', deadAt: session.beatAt } : session,
    )
  }

  async #runViews(filter: RunFilter): Promise<RunView[]> {
    const ledger = await this.#open()
    const nowMs = this.#parts.clock.wallMs()
    const runs = await ledger.runHeads(filter)
    return Promise.all(runs.map(async run => runView(run, await ledger.taskCounts(run.id), nowMs)))
  }

  async #find(id: string): Promise<RunRecord> {
    const run = await (await this.#open()).run(id)
    return run ?? this.#unknownRun(id)
  }

  /** Without the plan, which may be large. */
  async #head(id: string): Promise<RunHead> {
    const head = await (await this.#open()).runHead(id)
    return head ?? this.#unknownRun(id)
  }

  async #unknownRun(id: string): Promise<never> {
    const ledger = await this.#open()
    const known = (await ledger.runHeads({ limit: DEFAULT_RUNS_SHOWN })).map(other => other.id)
    const similar = mostSimilar(id, known)
    throw new LightflowError('LF_UNKNOWN_RUN', `There is no run "${id}" in this ledger.`, {
      hint:
        similar === undefined
          ? 'See the runs with: lf workflow status'
          : `Did you mean ${similar}? All runs: lf workflow status`,
    })
  }

  async #result(task: TaskRecord): Promise<ResultView> {
    const data = task.out === null ? {} : decodeDataset(await this.#payloads.get(task.out)).data
    return { task: task.name, dag: task.dag, state: task.state, data }
  }
}

function partition<Item>(items: readonly Item[], test: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(test), items.filter(item => !test(item))]
}

function queuesOf({ plan }: RunRecord): string[] {
  return Array.from(new Set(plan.dags.flatMap(({ tasks }) => tasks.map(({ queue }) => queue))))
}

function finalTasks(run: RunRecord, tasks: readonly TaskRecord[]): TaskRecord[] {
  const names = new Set<string>()
  for (const dag of run.plan.dags.filter(({ autostart }) => autostart)) {
    for (const task of lastTasks(dag)) names.add(`${dag.name}:1/${task}`)
  }
  return tasks.filter(({ dag, name }) => names.has(`${dag}/${name}`))
}

/** By name: copies of its DAG may start later. */
function checkPlannedTask({ id, plan }: RunRecord, wanted: string): void {
  const planned = plan.dags.flatMap(({ name: dag, tasks }) => tasks.map(({ name }) => ({ dag, name })))
  const plain = wanted.replace(/:\d+\//, '/')
  if (!planned.some(({ dag, name }) => [name, `${dag}/${name}`].includes(plain))) throw unknownTask(id, wanted, planned)
}

function unknownTask(run: string, task: string, tasks: readonly { name: string }[]): LightflowError {
  const names = Array.from(new Set(tasks.map(({ name }) => name)))
  return new LightflowError('LF_UNKNOWN_TASK', `The run ${run} has no task "${task}".`, {
    hint: `Its tasks: ${names.slice(0, 12).join(', ')}.`,
  })
}

function nothingToDecide(named: readonly TaskRecord[]): LightflowError {
  const states = named.slice(0, 5).map(({ dag, name, state }) => `${dag}/${name} is ${state}`)
  return new LightflowError('LF_TASK_NOT_LOST', `There is nothing to decide: ${states.join(', ')}.`, {
    hint: 'Only lost tasks wait for a decision; `lf workflow show RUN` marks them.',
  })
}

function severalLost(lost: readonly TaskRecord[]): LightflowError {
  const names = lost.slice(0, 5).map(({ dag, name }) => `${dag}/${name}`)
  return new LightflowError('LF_TASK_AMBIGUOUS', `${lost.length} lost tasks have this name.`, {
    hint: `Name the copy of the DAG too: ${names.join(', ')}.`,
  })
}
