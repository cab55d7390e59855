import { type Clock, systemClock } from '../../src/core/clock.ts'
import { silentLog } from '../../src/core/log.ts'
import { systemRandom } from '../../src/core/random.ts'
import { openMemoryLedger } from '../../src/ledger/memory/memory-ledger.ts'
import type { Ledger, NewRun } from '../../src/ledger/ledger.ts'
import { MemoryBus } from '../../src/mesh/memory/memory-bus.ts'
import { MemoryMesh } from '../../src/mesh/memory/memory-mesh.ts'
import type { Mesh } from '../../src/mesh/mesh.ts'
import { MemoryPayloadStore } from '../../src/payload/memory/memory-payload-store.ts'
import type { NamedFiles } from '../../src/payload/payload-store.ts'
import { Supervisor } from '../../src/supervisor/supervisor.ts'
import { LOCAL_TIMING, type Timing } from '../../src/supervisor/timing.ts'
import { servedQueues } from '../../src/workflow/needs.ts'
import type { DagPlan, EdgePlan, TaskPlan } from '../../src/workflow/plan.ts'
import { ScriptedPool, type Script } from './scripted-pool.ts'

const TEST_TIMING: Timing = {
  ...LOCAL_TIMING,
  beatMs: 50,
  sweepMs: 30,
  quietFactor: 1,
  rankDelayMs: 2,
  killGraceMs: 20,
  faultDelayMs: 5,
}

export interface MemoryPeer {
  supervisor: Supervisor
  pool: ScriptedPool
  mesh: Mesh
}

export interface PeerOptions {
  capacity?: number
  queues?: string[]
  resources?: Record<string, number>
  timing?: Partial<Timing>
  /** A ledger that misbehaves: see {@link intercept}. */
  ledger?: Ledger
  bundleFile?: (hash: string) => Promise<string>
  namedFiles?: NamedFiles
  /** Instead of one on the bus; it runs already. */
  mesh?: Mesh
  /** Instead of that of the system. */
  clock?: Clock
}

const KEEP = async (hash: string) => hash

/** Several peers in this process on one memory ledger; sessions in `gone` count as killed. */
export class MemoryPeers {
  readonly gone = new Set<string>()
  readonly bus = new MemoryBus({ clock: systemClock, random: systemRandom })
  readonly ledger: Ledger = openMemoryLedger({
    clock: systemClock,
    random: systemRandom,
    isGone: session => this.gone.has(session),
  })
  readonly payloads = new MemoryPayloadStore({ peer: 'all' })
  readonly #peers = new Map<string, MemoryPeer>()

  async add(
    name: string,
    script: Script,
    {
      capacity = 1,
      queues = ['task'],
      resources = {},
      timing = {},
      ledger = this.ledger,
      bundleFile = KEEP,
      clock = systemClock,
      ...more
    }: PeerOptions = {},
  ): Promise<MemoryPeer> {
    const mesh = more.mesh ?? (await this.#startMesh(name))
    const pool = new ScriptedPool(script)
    const supervisor = new Supervisor(
      {
        ledger,
        mesh,
        payloads: this.payloads,
        ...(more.namedFiles === undefined ? {} : { namedFiles: more.namedFiles }),
        workers: pool,
        clock,
        random: systemRandom,
        log: silentLog,
        bundleFile,
        scratchOf: () => '/nowhere',
        removeScratch: async () => {},
        output: () => {},
      },
      {
        name,
        host: 'host',
        pid: 1,
        version: '0',
        queues: servedQueues(queues, resources),
        resources,
        capacity,
        labels: {},
        timing: { ...TEST_TIMING, ...timing },
      },
    )
    await supervisor.start()
    const peer = { supervisor, pool, mesh }
    this.#peers.set(name, peer)
    return peer
  }

  async #startMesh(name: string): Promise<Mesh> {
    const { incarnation } = this.ledger
    const mesh = new MemoryMesh({ bus: this.bus, peer: `peer-${name}`, incarnation, clock: systemClock })
    await mesh.start()
    return mesh
  }

  submit(id: string, dags: DagPlan[]): Promise<unknown> {
    const plan = { name: 'test', description: '', dags, options: [] }
    const run: NewRun = {
      id,
      plan,
      bundle: 'b'.repeat(64),
      args: {},
      submittedBy: 'test',
      keepData: false,
      priority: 0,
      queue: null,
    }
    return this.ledger.submit(run)
  }

  async close(): Promise<void> {
    for (const { supervisor, mesh } of this.#peers.values()) {
      await supervisor.stop()
      await mesh.stop()
    }
    await this.ledger.close()
  }
}

export function taskPlan(name: string, more: Partial<TaskPlan> = {}): TaskPlan {
  return {
    name,
    kind: 'function',
    queue: 'task',
    effect: 'idempotent',
    priority: 0,
    retries: 0,
    backoffMs: 1,
    timeoutMs: null,
    forceRun: false,
    propagateSkip: true,
    ...more,
  }
}

export function dagPlan(name: string, tasks: TaskPlan[], edges: [string, string][] = [], autostart = true): DagPlan {
  return { name, autostart, tasks, edges: edges.map(([from, to]): EdgePlan => ({ from, to, slot: null })) }
}
