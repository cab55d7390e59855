/** A workflow run in this process, without files, threads or network: for authors who test what they write. */
import { mkdtemp, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../core/clock.ts'
import { LightflowError } from '../core/errors.ts'
import { silentLog } from '../core/log.ts'
import { systemRandom } from '../core/random.ts'
import type { RunRecord, TaskRecord } from '../lease/records.ts'
import type { ClaimedTask, Ledger } from '../ledger/ledger.ts'
import { openMemoryLedger } from '../ledger/memory/memory-ledger.ts'
import { MemoryBus } from '../mesh/memory/memory-bus.ts'
import { MemoryMesh } from '../mesh/memory/memory-mesh.ts'
import { MemoryPayloadStore } from '../payload/memory/memory-payload-store.ts'
import type { PayloadStore } from '../payload/payload-store.ts'
import { Supervisor } from '../supervisor/supervisor.ts'
import { LOCAL_TIMING } from '../supervisor/timing.ts'
import { InlinePool } from '../workers/inline/inline-pool.ts'
import { isDag } from '../workflow/dag.ts'
import { didYouMean } from '../workflow/did-you-mean.ts'
import { makePlan } from '../workflow/make-plan.ts'
import { describeServed, type Amounts } from '../workflow/needs.ts'
import type { TaskStore } from '../workflow/store.ts'
import { makeWorkflow, type Workflow } from '../workflow/workflow.ts'
import { decodeDataset } from '../../protocols/dataset.ts'
import type { StartOptions } from './client-api.ts'
import type { LocalLine, LocalOptions, LocalRun, LocalTask, LocalWorkflow } from './local-run.ts'
import { isNamed } from './run-views.ts'
import { submitWorkflow } from './submit-workflow.ts'
import { version } from './version.ts'
import { whoAmI } from './who-am-i.ts'

const parts = { clock: systemClock, random: systemRandom }
/** Nothing is shared with other processes, so looking often costs nothing. */
const TIMING = { ...LOCAL_TIMING, sweepMs: 50, rankDelayMs: 1, faultDelayMs: 10 }
const DEFAULT_CAPACITY = 8
/** Of the lines of commands; the rest is dropped. */
const MAX_LINES_KEPT = 100_000

/**
 * Resolves when the run has ended, however it ended. Throws what is wrong with the workflow or its arguments, as a submission does. All
 * rules of the mesh hold: data is copied from task to task, values that cannot be passed on fail the task.
 */
export async function runLocal(
  given: LocalWorkflow,
  args: NonNullable<StartOptions['args']> = {},
  { name = 'local', capacity = DEFAULT_CAPACITY, signal = new AbortController().signal }: LocalOptions = {},
): Promise<LocalRun> {
  const workflow = makeWorkflow(name, exportsOf(given))
  const plan = makePlan(workflow)
  const ledger = openMemoryLedger(parts)
  const loaded = { plan, hash: 'local', code: new Uint8Array() }
  const { id } = await submitWorkflow(loaded, { args, keepData: true }, { ledger: async () => ledger, ...parts })
  const payloads = new MemoryPayloadStore({ peer: 'local' })
  const queues = new Set(plan.dags.flatMap(({ tasks }) => tasks.map(({ queue }) => queue)))
  const lines: LocalLine[] = []
  const peer = await LocalPeer.start({ workflow, ledger, payloads, queues: [...queues], capacity, lines })
  try {
    await untilEnded(ledger, id, peer, signal)
  } finally {
    await peer.stop()
  }
  return readRun(ledger, payloads, id, lines)
}

function exportsOf(given: LocalWorkflow): Record<string, unknown> {
  return isDag(given) ? { main: given } : Object.fromEntries(Object.entries(given))
}

interface LocalParts {
  workflow: Workflow
  ledger: Ledger
  payloads: PayloadStore
  queues: readonly string[]
  capacity: number
  lines: LocalLine[]
}

/** One peer, alone on a mesh of its own. */
class LocalPeer {
  readonly supervisor: Supervisor
  readonly #mesh: MemoryMesh
  readonly #workers: InlinePool
  readonly #scratch: string

  private constructor(supervisor: Supervisor, mesh: MemoryMesh, workers: InlinePool, scratch: string) {
    this.supervisor = supervisor
    this.#mesh = mesh
    this.#workers = workers
    this.#scratch = scratch
  }

  static async start({ workflow, ledger, payloads, queues, capacity, lines }: LocalParts): Promise<LocalPeer> {
    const scratch = await mkdtemp(join(tmpdir(), 'lightflow-local-'))
    const mesh = new MemoryMesh({ bus: new MemoryBus(parts), peer: 'local', incarnation: ledger.incarnation, ...parts })
    const workers = new InlinePool({ workflow, ...parts })
    const folderOf = ({ claim }: ClaimedTask): string => join(scratch, claim.claimId)
    const supervisor = new Supervisor(
      {
        ...parts,
        ledger,
        mesh,
        payloads,
        workers,
        log: silentLog,
        bundleFile: async hash => hash,
        scratchOf: folderOf,
        removeScratch: claimed => rm(folderOf(claimed), { recursive: true, force: true }),
        output: ({ task }, stream, line) => {
          if (lines.length < MAX_LINES_KEPT) lines.push({ dag: task.dag, task: task.name, stream, line })
        },
      },
      {
        name: 'local',
        host: hostname(),
        pid: process.pid,
        version,
        queues,
        capacity,
        resources: enoughFor(queues, capacity),
        labels: {},
        timing: TIMING,
      },
    )
    await mesh.start()
    await supervisor.start()
    return new LocalPeer(supervisor, mesh, workers, scratch)
  }

  async stop(): Promise<void> {
    await this.supervisor.stop()
    await this.#workers.close()
    await this.#mesh.stop()
    await rm(this.#scratch, { recursive: true, force: true })
  }
}

/** Whatever the tasks need is there for as many as run at once. */
function enoughFor(queues: readonly string[], capacity: number): Amounts {
  const { resources } = describeServed(queues)
  return Object.fromEntries(Object.entries(resources).map(([name, amount]) => [name, amount * capacity]))
}

async function untilEnded(ledger: Ledger, run: string, { supervisor }: LocalPeer, signal: AbortSignal): Promise<void> {
  const stop = (): void => {
    const record = { reason: 'stopped' as const, by: whoAmI(), at: parts.clock.wallMs(), error: null }
    ledger.stopRun(run, record).catch(() => {})
  }
  const ended = new AbortController()
  const endListening = supervisor.events.on('run:ended', () => ended.abort())
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    // The event is only a hint: a run may end without one of its tasks ending last.
    while ((await ledger.runHead(run))?.state === 'running') await parts.clock.sleep(TIMING.sweepMs, ended.signal)
  } finally {
    endListening()
    signal.removeEventListener('abort', stop)
  }
}

async function readRun(
  ledger: Ledger,
  payloads: PayloadStore,
  id: string,
  lines: readonly LocalLine[],
): Promise<LocalRun> {
  const { state, stop } = (await ledger.run(id)) as RunRecord
  const records = await ledger.tasks(id)
  const dags = await ledger.dags(id)
  const tasks = await Promise.all(records.map(record => localTask(record, payloads)))
  return {
    state,
    ...(stop?.error ? { error: stop.error } : {}),
    dags: dags.map(dag => ({ dag: dag.name, state: dag.state })),
    tasks,
    lines,
    store: storeOf(ledger, id),
    task(name) {
      const found = tasks.find(({ dag, task }) => isNamed({ dag, name: task }, name))
      if (found !== undefined) return found
      throw new LightflowError('LF_UNKNOWN_TASK', `The run has no task "${name}".`, {
        hint: didYouMean(
          name,
          tasks.map(({ task }) => task),
        ),
      })
    },
  }
}

async function localTask(record: TaskRecord, payloads: PayloadStore): Promise<LocalTask> {
  const { dag, name, state, attempts, error, out } = record
  const dataset = out === null ? { data: {}, history: [] } : decodeDataset(await payloads.get(out))
  return { dag, task: name, state, attempts, ...(error === null ? {} : { error }), ...dataset }
}

function storeOf(ledger: Ledger, run: string): Pick<TaskStore, 'get'> {
  return {
    async get<T>(path: string, fallback?: T): Promise<T> {
      const value = await ledger.storeGet(run, 'data', path)
      return (value === undefined ? fallback : value) as T
    },
  }
}
