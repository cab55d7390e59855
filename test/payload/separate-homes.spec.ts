/** Real supervisors with real libp2p meshes on one memory ledger, each with a payload folder of its own, as on different hosts. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeDataset, encodeDataset } from '../../protocols/dataset.ts'
import { NdArray } from '../../protocols/nd-array.ts'
import { systemClock } from '../../src/core/clock.ts'
import { silentLog } from '../../src/core/log.ts'
import { systemRandom } from '../../src/core/random.ts'
import type { Libp2pMesh } from '../../src/mesh/libp2p/libp2p-mesh.ts'
import { PeerPayloads } from '../../src/payload/peer-payloads.ts'
import { Supervisor } from '../../src/supervisor/supervisor.ts'
import { LOCAL_TIMING } from '../../src/supervisor/timing.ts'
import { lookAtFile } from '../../src/tasks/named-file.ts'
import type { Effect } from '../../src/workflow/plan.ts'
import type { Job, JobHost, JobResult } from '../../src/workers/worker-pool.ts'
import { startPeer, stopPeers } from '../mesh/support/libp2p-peers.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { intercept } from '../support/intercept.ts'
import { eventually } from '../support/eventually.ts'
import { dagPlan, MemoryPeers, taskPlan } from '../support/memory-peers.ts'
import { ScriptedPool } from '../support/scripted-pool.ts'

interface HomePeer {
  supervisor: Supervisor
  mesh: Libp2pMesh
  payloads: PeerPayloads
}

type Body = (job: Job, host: JobHost) => Record<string, unknown> | Promise<Record<string, unknown>>

describe('peers with homes of their own', function () {
  // 64 MB go through four threads here: a machine that does much else needs its time for it.
  this.timeout(90_000)
  let shared: MemoryPeers
  let folder: string
  let peers: HomePeer[]
  beforeEach(async () => {
    shared = new MemoryPeers()
    folder = await mkdtemp(join(tmpdir(), 'lf-homes-'))
    peers = []
  })
  afterEach(async () => {
    for (const { supervisor, payloads } of peers) {
      await supervisor.stop()
      await payloads.stop()
    }
    await stopPeers()
    await shared.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** One that runs the tasks of its own queue only. */
  async function add(name: string, bodies: Record<string, Body>, direct: boolean): Promise<HomePeer> {
    const ledger = onSeveralHosts(shared.ledger)
    const mesh = await startPeer({ incarnation: ledger.incarnation })
    const payloads = new PeerPayloads({
      folder: join(folder, name),
      network: mesh,
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      needed: async hashes => hashes,
      liveRuns: async () => new Set(['run']),
      direct: direct ? { host: '127.0.0.1' } : false,
    })
    payloads.start()
    const supervisor = new Supervisor(
      {
        ledger,
        mesh,
        payloads: payloads.store,
        namedFiles: payloads.named,
        workers: new ScriptedPool((job, host) => doneWith(bodies, job, host)),
        clock: systemClock,
        random: systemRandom,
        log: silentLog,
        bundleFile: async hash => hash,
        scratchOf: () => folder,
        removeScratch: async () => {},
        output: () => {},
      },
      {
        name,
        host: name,
        pid: 1,
        version: '0',
        queues: [name],
        capacity: 1,
        labels: {},
        timing: { ...LOCAL_TIMING, faultDelayMs: 50 },
      },
    )
    await supervisor.start()
    const peer = { supervisor, mesh, payloads }
    peers.push(peer)
    return peer
  }

  for (const direct of [true, false]) {
    const way = direct ? 'directly' : 'over the mesh'
    // The large one once is enough for the time that the tests may take.
    const side = direct ? 2000 : 500
    it(`pass an array of ${side} x ${side} floats on ${way}: made on one, changed on a second, equal bit for bit on a third`, async () => {
      const made = frame(side)
      const expected = changed(made)
      let seen: NdArray | undefined
      const maker = await add('maker', { make: () => ({ frame: made }) }, direct)
      const changer = await add('changer', { change: job => ({ frame: changed(inputOf(job)) }) }, direct)
      const checker = await add('checker', { check: job => ((seen = inputOf(job)), {}) }, direct)
      await shared.submit('run', [
        dagPlan(
          'd',
          [
            taskPlan('make', { queue: 'maker' }),
            taskPlan('change', { queue: 'changer' }),
            taskPlan('check', { queue: 'checker' }),
          ],
          [
            ['make', 'change'],
            ['change', 'check'],
          ],
        ),
      ])
      await eventually(async () => (await shared.ledger.run('run'))?.state === 'succeeded', 80_000)
      assert.deepEqual([seen?.dtype, seen?.shape], ['float64', [side, side]])
      assert.ok(bytesOf(seen as NdArray).equals(bytesOf(expected)))
      assert.equal(maker.payloads.metrics.pulls, 0)
      assert.deepEqual((await taskNamed('make'))?.out?.holders, [maker.mesh.peer, changer.mesh.peer])
      for (const { payloads } of [changer, checker]) {
        assert.equal(payloads.metrics.pulls, 1)
        assert.equal(payloads.metrics.direct, direct ? 1 : 0)
        assert.ok(payloads.stats()['bytesPulled']! > side * side * 8)
      }
    })
  }

  /** A maker that is gone for good when its task is done; what it made had not been pulled by anybody. */
  async function leftByItsMaker(effect: Effect, replicas = 1): Promise<HomePeer> {
    const maker = await add('maker', { make: () => ({ frame: new Uint8Array(100_000).fill(1) }) }, true)
    await shared.submit('run', [
      dagPlan(
        'd',
        [taskPlan('make', { queue: 'maker', effect, replicas }), taskPlan('use', { queue: 'user' })],
        [['make', 'use']],
      ),
    ])
    await eventually(async () => (await taskNamed('make'))?.state === 'done', 60_000)
    await maker.supervisor.stop()
    await maker.payloads.stop()
    await maker.mesh.stop()
    return maker
  }

  async function taskNamed(name: string) {
    return (await shared.ledger.tasks('run')).find(task => task.name === name)
  }

  it('make a payload again when the one who made it is gone for good', async () => {
    await leftByItsMaker('idempotent')
    let seen: unknown
    const use = (job: Job) => {
      seen = decodeDataset(job.inputs[0]?.bytes ?? new Uint8Array()).data['frame']
      return {}
    }
    const user = await add('user', { use }, true)
    await eventually(async () => (await taskNamed('use'))?.state === 'blocked', 60_000)
    await add('maker', { make: () => ({ frame: new Uint8Array(100_000).fill(2) }) }, true)
    await eventually(async () => (await shared.ledger.run('run'))?.state === 'succeeded', 80_000)
    assert.deepEqual(seen, new Uint8Array(100_000).fill(2))
    const [made, used] = [await taskNamed('make'), await taskNamed('use')]
    assert.deepEqual([made?.attempts, made?.remade?.times, used?.attempts], [2, 1, 1])
    assert.equal(user.payloads.metrics.lost, 1)
  })

  it('fail the run with the payload and its holder when what made it must not run again', async () => {
    const maker = await leftByItsMaker('exclusive')
    await add('user', { use: () => ({}) }, true)
    await eventually(async () => (await shared.ledger.run('run'))?.state === 'failed', 80_000)
    const [made, used] = [await taskNamed('make'), await taskNamed('use')]
    assert.equal(used?.error?.code, 'LF_PAYLOAD_LOST')
    assert.ok(used.error.message.includes((made?.out?.hash ?? '?').slice(0, 12)))
    assert.ok(used.error.message.includes(maker.mesh.peer))
    assert.match(used.error.message, /"make", which made it on peer "maker", is exclusive/)
    assert.deepEqual([made?.attempts, used.attempts], [1, 1])
  })

  it('keep a copy elsewhere before a task is done that asks for it, and so outlive the one who made it', async () => {
    const keeper = await add('keeper', {}, true)
    const maker = await leftByItsMaker('exclusive', 2)
    const holders = (await taskNamed('make'))?.out?.holders
    assert.deepEqual(holders, [maker.mesh.peer, keeper.mesh.peer])
    await add('user', { use: () => ({}) }, true)
    await eventually(async () => (await shared.ledger.run('run'))?.state === 'succeeded', 80_000)
  })

  /** `first` starts `sub` with data and leaves; `use`, in it, runs on a peer that comes then. */
  async function startedByOneWhoLeft(before: string): Promise<void> {
    const bytes = encodeDataset({ data: { frame: new Uint8Array(100_000).fill(3) }, history: [] })
    const start: Body = async (_job, host) => (await host.startDag('sub', bytes), {})
    await add(before, {}, true)
    const starter = await add('starter', { first: start }, true)
    await eventually(() => starter.mesh.connected().length === 1, 60_000)
    await shared.submit('run', [
      dagPlan('d', [taskPlan('first', { queue: 'starter' })]),
      dagPlan('sub', [taskPlan('use', { queue: 'user' })], [], false),
    ])
    await eventually(async () => (await taskNamed('first'))?.state === 'done', 60_000)
    await starter.supervisor.stop()
    await starter.payloads.stop()
    await starter.mesh.stop()
    await add('user', { use: job => decodeDataset(job.start ?? new Uint8Array()).data }, true)
    await eventually(async () => (await shared.ledger.run('run'))?.state !== 'running', 80_000)
  }

  it('hold the data that a DAG was started with twice before it exists, so that it outlives who started it', async () => {
    await startedByOneWhoLeft('keeper')
    assert.equal((await shared.ledger.run('run'))?.state, 'succeeded')
  })

  it('hand on what only they hold and a run needs before they leave in order', async () => {
    const keeper = await add('keeper', {}, true)
    const make = () => ({ frame: new Uint8Array(100_000).fill(1) })
    const maker = await add('maker', { make }, true)
    await shared.submit('run', [
      dagPlan(
        'd',
        [taskPlan('make', { queue: 'maker', effect: 'exclusive' }), taskPlan('use', { queue: 'user' })],
        [['make', 'use']],
      ),
    ])
    await eventually(async () => (await taskNamed('make'))?.state === 'done', 60_000)
    const { session } = maker.supervisor
    await maker.supervisor.drain()
    await maker.payloads.stop()
    await maker.mesh.stop()
    assert.deepEqual((await taskNamed('make'))?.out?.holders, [maker.mesh.peer, keeper.mesh.peer])
    // What its last beat said is what a drain that waits for it shows.
    const { stats } = (await shared.ledger.sessions(0)).find(({ id }) => id === session)!
    assert.deepEqual([stats['payloadsHandedOn'], stats['payloadsLeaving']], [1, 0])
    await add('user', { use: () => ({}) }, true)
    await eventually(async () => (await shared.ledger.run('run'))?.state === 'succeeded', 80_000)
  })

  it('give each other the files that their tasks name, by content', async () => {
    const path = join(folder, 'frames.h5')
    const bytes = Buffer.alloc(5_000_000, 'frame')
    await writeFile(path, bytes)
    const file = await lookAtFile(path)
    let copy = ''
    const maker = await add('maker', { make: async (_job, host) => ({ peer: await host.nameFile(file) }) }, true)
    const use: Body = async ({ inputs }, host) => {
      const { peer } = decodeDataset(inputs[0]?.bytes ?? new Uint8Array()).data as { peer: string }
      copy = await host.fetchFile(file, { peer, run: 'run', dag: 'd:1', task: 'make' })
      return {}
    }
    await add('user', { use }, true)
    await shared.submit('run', [
      dagPlan('d', [taskPlan('make', { queue: 'maker' }), taskPlan('use', { queue: 'user' })], [['make', 'use']]),
    ])
    await eventually(async () => (await shared.ledger.run('run'))?.state === 'succeeded', 80_000)
    assert.ok(copy.startsWith(join(folder, 'user')))
    assert.ok(bytes.equals(await readFile(copy)))
    assert.equal(maker.payloads.metrics.pulls, 0)
  })

  it('find a payload at the one who pulled it when the one who made it is gone', async () => {
    const bytes = Buffer.alloc(300_000, 7)
    const maker = await add('maker', {}, true)
    const second = await add('second', {}, true)
    const third = await add('third', {}, true)
    const ref = await maker.payloads.store.put(bytes)
    await eventually(() => [maker, second, third].every(({ mesh }) => mesh.connected().length === 2), 60_000)
    assert.ok(bytes.equals(await second.payloads.store.get(ref)))
    await maker.payloads.stop()
    await maker.supervisor.stop()
    await maker.mesh.stop()
    assert.ok(bytes.equals(await third.payloads.store.get(ref)))
  })
})

/** The memory ledger thinks that all its peers are on one host. */
function onSeveralHosts(ledger: Ledger): Ledger {
  const traits = { ...ledger.traits, oneHost: false }
  const bound = intercept(ledger, {})
  return new Proxy(bound, { get: (target, name) => (name === 'traits' ? traits : Reflect.get(target, name)) })
}

async function doneWith(bodies: Record<string, Body>, job: Job, host: JobHost): Promise<JobResult> {
  const data = (await bodies[job.task]?.(job, host)) ?? {}
  const bytes = encodeDataset({ data, history: [job.task] })
  return { outcome: 'done', bytes, limit: null, skipSuccessors: false, error: null }
}

function inputOf({ inputs }: Job): NdArray {
  return decodeDataset(inputs[0]?.bytes ?? new Uint8Array()).data['frame'] as NdArray
}

/** Numbers of all kinds, with a NaN that carries a message, both zeros, and infinities among them. */
function frame(side: number): NdArray {
  const data = Float64Array.from({ length: side * side }, (_, index) => Math.sin(index) * 1e6)
  new BigUint64Array(data.buffer).set([0x7ff8000000000badn, 0x8000000000000000n, 0x7ff0000000000000n])
  return new NdArray(data, [side, side])
}

/** The other way round, bits untouched. */
function changed({ data, shape }: NdArray): NdArray {
  return new NdArray((data as Float64Array).toReversed(), shape)
}

function bytesOf({ data }: NdArray): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}
