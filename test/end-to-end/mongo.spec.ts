import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PeerProcess } from '../../cli/demo/peer-process.ts'
import { notDoneExactlyOnce } from '../../cli/demo/takeovers.ts'
import { generateSeries } from '../../examples/phasid/generator/generate-series.ts'
import { type Client, openClient } from '../../src/index.ts'
import { MONGODB_URI, temporaryDatabase } from '../ledger/mongo/temporary-database.ts'
import { MONGODB_CONTROL, TestBed } from '../ledger/mongo/test-bed.ts'
import { eventually } from '../support/eventually.ts'
import { runLf } from '../support/run-lf.ts'

const server = MONGODB_URI
if (server !== undefined) describe('three peers with homes of their own on a MongoDB ledger', () => meshSuite(server))

function meshSuite(server: string): void {
  const names = ['alpha', 'beta', 'gamma']
  const database = temporaryDatabase(server)
  const peers = new Map<string, PeerProcess>()
  let root: string
  let client: Client

  before(async function () {
    this.timeout(60_000)
    root = await mkdtemp(join(tmpdir(), 'lightflow-test-'))
    await Promise.all(names.map(name => startPeer(name)))
    client = await openClient({ home: join(root, 'client'), ledger: database.uri })
    await generateSeries({ folder: join(root, 'data'), count: PROFILES, seed: 1 })
  })

  after(async function () {
    this.timeout(60_000)
    await Promise.all(Array.from(peers.values(), peer => peer.stop()))
    await client?.close()
    await database.drop()
    await rm(root, { recursive: true, force: true })
  })

  async function startPeer(name: string): Promise<void> {
    const args = ['--no-mdns', '--ledger', database.uri]
    const env = { ...process.env, NO_COLOR: '1' }
    const { process: peer } = await PeerProcess.start({ name, home: join(root, name), capacity: 2, args, env })
    peers.set(name, peer)
  }

  function startPhasid(output: string) {
    const args = { folder: join(root, 'data'), unit: '1/A', output: join(root, output), exposure: 0.3 }
    return client.start(resolve('examples/phasid/phasid.ts'), { args })
  }

  async function assertDoneOnce(run: string): Promise<void> {
    const end = await client.wait(run, { signal: AbortSignal.timeout(100_000) })
    assert.equal(end.state, 'succeeded', JSON.stringify(end))
    const details = await client.show(run)
    assert.deepEqual(notDoneExactlyOnce(details), [])
    assert.equal(details.dags.length, PROFILES + 1)
    const ran = new Set(details.dags.flatMap(({ tasks }) => tasks.map(({ peer }) => peer)))
    assert.ok(ran.size > 1, 'all tasks ran on one peer')
  }

  it('run a workflow together, each task once', async function () {
    this.timeout(120_000)
    const { run } = await startPhasid('together')
    await assertDoneOnce(run)
  })

  it('show no credentials of the connection string', async () => {
    const uri = database.uri.replace('mongodb://', 'mongodb://somebody:sesame@')
    const env = { LF_LEDGER: uri.replace(/\d+(?=\/|,)/g, '1') }
    const { code, stdout, stderr } = await runLf(['mesh', 'status', '--json'], { home: join(root, 'client'), env })
    assert.notEqual(code, 0)
    assert.match(stdout + stderr, /LF_LEDGER_UNREACHABLE/)
    assert.doesNotMatch(stdout + stderr, /sesame|somebody/)
    const status = await client.meshStatus()
    assert.equal(status.ledger.location, database.uri.split('?')[0])
  })

  if (MONGODB_CONTROL === undefined) return
  const bed = new TestBed(MONGODB_CONTROL)
  after(() => bed.reset())

  it('lose nothing and do nothing twice when the primary changes twice and one of them is killed', async function () {
    this.timeout(150_000)
    const { run } = await startPhasid('faults')
    const doneAtLeast = (count: number) =>
      eventually(async () => ((await client.run(run)).tasks.done ?? 0) >= count, 60_000, 100)
    await doneAtLeast(2)
    await bed.stepDown({ electionMs: 1000 })
    await doneAtLeast(5)
    peers.get('beta')?.kill('SIGKILL')
    // It finds its own session of before, whose process is gone, and takes its place.
    await startPeer('beta')
    await doneAtLeast(8)
    await bed.stepDown({ electionMs: 1500, keepConnections: true })
    await assertDoneOnce(run)
  })
}

const PROFILES = 18
