/**
 * Peers on three hosts with a MongoDB ledger, and cables that fail. What the tasks did is read from files outside of Lightflow, what the
 * ledger says from `lf … --json`.
 */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { notDoneExactlyOnce } from '../../cli/demo/takeovers.ts'
import type { MeshStatusView, RunDetailsView, RunView, StartView } from '../../src/index.ts'
import { LOCK_DELAY_MS } from '../../src/lease/lease-limits.ts'
import { LAN_TIMING } from '../../src/supervisor/timing.ts'
import { MONGODB_URI, temporaryDatabase } from '../ledger/mongo/temporary-database.ts'
import { eventually } from '../support/eventually.ts'
import { runLf } from '../support/run-lf.ts'
import { LedgerCable } from './support/ledger-cable.ts'
import { whyNoNamespaces } from './support/permitted.ts'
import { Site } from './support/site.ts'
import { SitePeers } from './support/site-peers.ts'
import type { Trace } from './workflows/traces.ts'

const HOSTS = ['a', 'b', 'c']
const LEDGER = 'ledger'
/** Long enough for everything that may be taken over to be. `LF_TEST_CUT_S=120`: as long as a switch takes to start anew. */
const CUT_S = Number(process.env['LF_TEST_CUT_S'] ?? 75)
const OF_A_SECOND_MS = 1000

const server = MONGODB_URI
if (server !== undefined) describe('peers on three hosts', () => siteSuite(server))

function siteSuite(server: string): void {
  let root: string
  let site: Site
  let cable: LedgerCable | undefined
  let peers: SitePeers
  let ledger: ReturnType<typeof temporaryDatabase> | undefined

  before(async function () {
    this.timeout(120_000)
    const reason = await whyNoNamespaces()
    if (reason !== null) {
      process.stdout.write(`  not tested, since ${reason}\n`)
      this.skip()
    }
    root = await mkdtemp(join(tmpdir(), 'lightflow-test-'))
    site = await Site.make([...HOSTS, LEDGER])
    cable = await LedgerCable.lay(server, { site, host: LEDGER, users: HOSTS })
    ledger = temporaryDatabase(server)
    peers = new SitePeers(site, { root, ledger: ledger.uri })
    await Promise.all(HOSTS.map(host => peers.start({ host, queues: queuesOf(host) })))
  })

  after(async function () {
    this.timeout(60_000)
    await peers?.end()
    await cable?.remove()
    await site?.remove()
    await ledger?.drop()
    if (root !== undefined) await rm(root, { recursive: true, force: true })
  })

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') for (const name of peers.names) tell(`${name}: ${peers.log(name)}`)
    await site?.repair()
  })

  async function lf<Answer>(...args: string[]): Promise<Answer> {
    const env = { LF_LEDGER: ledger?.uri ?? '' }
    const { code, stdout, stderr } = await runLf([...args, '--json'], { home: join(root, 'client'), env })
    if (code !== 0) throw new Error(`lf ${args.join(' ')}: ${stdout}${stderr}`)
    return JSON.parse(stdout) as Answer
  }

  /** Starts a workflow of this suite; its traces are in a folder of its own. */
  async function start(workflow: string, options: Record<string, number> = {}) {
    const folder = join(root, `traces-of-${workflow}-${Date.now()}`)
    await mkdir(folder)
    const given = Object.entries({ folder, ...options }).map(([name, value]) => `${name}=${value}`)
    const file = resolve('test/networks/workflows', `${workflow}.ts`)
    const { run } = await lf<StartView>('workflow', 'start', file, ...given)
    return { run, tracesOf: (task: string) => readTraces(join(folder, task)) }
  }

  const endOf = (run: string, withinMs: number): Promise<RunView> =>
    eventually(
      async () => {
        const view = await lf<RunView>('workflow', 'status', run)
        return view.state !== 'running' && view
      },
      withinMs,
      500,
    )

  const show = (run: string): Promise<RunDetailsView> => lf('workflow', 'show', run)

  async function isConnected(one: string, other: string): Promise<boolean> {
    const status = await lf<MeshStatusView>('mesh', 'status')
    return status.peers.find(({ name }) => name === one)?.connected.includes(other) ?? false
  }

  async function isFullMesh(): Promise<boolean> {
    const status = await lf<MeshStatusView>('mesh', 'status')
    const live = status.peers.filter(({ state }) => state === 'alive').map(({ name }) => name)
    return (
      HOSTS.every(host => live.includes(host)) &&
      status.peers.every(({ name, connected }) => live.every(other => other === name || connected.includes(other)))
    )
  }

  it('run a workflow together', async function () {
    this.timeout(90_000)
    await took('full mesh in the ledger', () => eventually(isFullMesh, 30_000, 500))
    const { run } = await start('tour')
    await took('run', () => endOf(run, 60_000))
    await assertTour(await show(run))
  })

  it('end a run when one cannot reach another, whom the other can', async function () {
    this.timeout(180_000)
    await site.drop('a', 'c')
    const atOnce = await start('tour')
    await took('run on a broken link that nobody has noticed', () => endOf(atOnce.run, 60_000))
    await assertTour(await show(atOnce.run))
    await took('noticed', () => eventually(async () => !(await isConnected('a', 'c')), 60_000, 500))
    assert.ok((await isConnected('a', 'b')) && (await isConnected('c', 'b')), 'the other links live')
    const later = await start('tour')
    await took('run on a link that is known to be broken', () => endOf(later.run, 60_000))
    await assertTour(await show(later.run))
    await site.repair()
    await took('full mesh again', () => eventually(isFullMesh, 60_000, 500))
  })

  it('end a run whose large data must go from one to another that it cannot reach', async function () {
    this.timeout(240_000)
    await site.drop('a', 'c')
    await took('noticed', () => eventually(async () => !(await isConnected('a', 'c')), 60_000, 500))
    const { run } = await start('tour', { kib: 100 })
    await took('run', () => endOf(run, 150_000))
    await assertTour(await show(run))
    await site.repair()
    await took('full mesh again', () => eventually(isFullMesh, 60_000, 500))
  })

  it('end a run when 30 % of what they send each other is lost', async function () {
    this.timeout(180_000)
    for (const host of HOSTS) await site.lose(host, 0.3, LEDGER)
    const { run } = await start('tour')
    await took('run', () => endOf(run, 120_000))
    await assertTour(await show(run))
    await site.repair()
    await took('full mesh again', () => eventually(isFullMesh, 60_000, 500))
  })

  it(`cut off for ${CUT_S} s, end their work before it starts elsewhere, and come back`, async function () {
    this.timeout((CUT_S + 240) * 1000)
    const long = CUT_S + 60
    const idempotent = await start('idempotent', { first: long })
    const exclusive = await start('exclusive', { first: long })
    await eventually(async () => (await countStarts(idempotent, exclusive)) === 4, 30_000)
    await peers.start({ host: 'b', name: 'b-motor', queues: ['motor'] })
    const cutAtMs = Date.now()
    await site.cut('c')

    await eventually(async () => (await taskOf(idempotent.run, 'theta')).attempts === 2, 90_000, 500)
    await took('from there to the end of the cut', () => delay(cutAtMs + CUT_S * 1000 - Date.now()))
    await site.mend('c')
    await took('full mesh again', () => eventually(isFullMesh, 60_000, 500))
    await took('end of the run that was taken over', () => endOf(idempotent.run, 60_000))

    for (const [name, delayMs] of [
      ['theta', LOCK_DELAY_MS],
      ['phi', 0],
    ] as const) {
      const traces = await idempotent.tracesOf(name)
      const [before, after] = [traces.filter(({ peer }) => peer === 'c'), traces.filter(({ peer }) => peer !== 'c')]
      const [endedMs, startedMs] = [before.at(-1)?.atMs ?? NaN, after[0]?.atMs ?? NaN]
      tell(
        `${name}: ended ${secondsFrom(cutAtMs, endedMs)} after the cut, started elsewhere ${secondsFrom(cutAtMs, startedMs)}`,
      )
      assert.ok(before.length > 0 && before.every(({ what }) => what !== 'end'), `${name} was ended in its middle`)
      assert.ok(endedMs - cutAtMs < LAN_TIMING.selfFenceMs + OF_A_SECOND_MS, `${name} was ended by the fence`)
      assert.ok(startedMs - cutAtMs > LAN_TIMING.ttlMs - LAN_TIMING.beatMs + delayMs, `${name} waited for the death`)
      assert.ok(endedMs < startedMs, `${name} ended before it started again`)
      assert.deepEqual(starts(traces), ['c', 'b-motor'])
    }
    assert.deepEqual(notDoneExactlyOnce(await show(idempotent.run)), [])

    for (const name of ['front', 'back']) {
      assert.deepEqual(starts(await exclusive.tracesOf(name)), ['c'], `${name} started once`)
      assert.equal((await taskOf(exclusive.run, name)).state, 'lost')
      await lf('workflow', 'resolve', exclusive.run, name, '--run-again')
    }
    assert.equal((await endOf(exclusive.run, 30_000)).state, 'succeeded')

    const afterwards = await start('tour')
    await took('run afterwards', () => endOf(afterwards.run, 60_000))
    await assertTour(await show(afterwards.run))
  })

  async function countStarts(...runs: { tracesOf: (task: string) => Promise<Trace[]> }[]): Promise<number> {
    const traces = await Promise.all(
      runs.flatMap(({ tracesOf }) => ['theta', 'phi', 'front', 'back'].map(name => tracesOf(name))),
    )
    return traces.filter(each => each.length > 0).length
  }

  async function taskOf(run: string, name: string) {
    const tasks = (await show(run)).dags.flatMap(dag => dag.tasks)
    const task = tasks.find(each => each.task === name)
    assert.ok(task, `no task ${name}`)
    return task
  }
}

/** `motor` is served by c alone, until somebody else comes. */
function queuesOf(host: string): string[] {
  return ['task', `at-${host}`, ...(host === 'c' ? ['motor'] : [])]
}

async function assertTour(run: RunDetailsView): Promise<void> {
  assert.equal(run.state, 'succeeded', JSON.stringify(run))
  assert.deepEqual(notDoneExactlyOnce(run), [])
  const ran = new Set(run.dags.flatMap(({ tasks }) => tasks.map(({ peer }) => peer)))
  assert.deepEqual(ran, new Set(HOSTS))
}

async function readTraces(file: string): Promise<Trace[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n').flatMap(line => (line === '' ? [] : [JSON.parse(line) as Trace]))
}

function starts(traces: readonly Trace[]): string[] {
  return traces.filter(({ what }) => what === 'start').map(({ peer }) => peer)
}

function secondsFrom(fromMs: number, toMs: number): string {
  return `${((toMs - fromMs) / 1000).toFixed(1)} s`
}

async function took(what: string, wait: () => Promise<unknown>): Promise<void> {
  const from = performance.now()
  await wait()
  tell(`${what}: ${secondsFrom(from, performance.now())}`)
}

function tell(line: string): void {
  process.stdout.write(`      ${line}\n`)
}
