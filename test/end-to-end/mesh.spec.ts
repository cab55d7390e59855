import assert from 'node:assert/strict'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { generateSeries } from '../../examples/phasid/generator/generate-series.ts'
import { notDoneExactlyOnce } from '../../cli/demo/takeovers.ts'
import { eventually } from '../support/eventually.ts'
import { RealMesh } from '../support/real-mesh.ts'

const PHASID = resolve('examples/phasid/phasid.ts')
const PROFILES = 8

describe('a mesh of real peers', function () {
  this.timeout(120_000)
  let mesh: RealMesh

  afterEach(() => mesh?.close())

  const startPhasid = async (exposure = 0) => {
    const folder = join(mesh.home, 'data')
    await generateSeries({ folder, count: PROFILES, seed: 2 })
    const args = { folder, unit: '1/A', output: join(mesh.home, 'results'), exposure }
    return (await mesh.client.start(PHASID, { args })).run
  }

  it('forms a full mesh from the ledger alone', async () => {
    mesh = await RealMesh.start(['alpha', 'beta', 'gamma'])
    await eventually(async () => {
      const { peers } = await mesh.client.meshStatus()
      return peers.length === 3 && peers.every(({ connected }) => connected.length === 2)
    }, 20_000)
  })

  it('ends a run with gossip switched off', async () => {
    mesh = await RealMesh.start(['alpha', 'beta', 'gamma', 'delta', 'epsilon'], { args: ['--no-gossip'] })
    const run = await startPhasid(0.2)
    const end = await mesh.client.wait(run, { signal: AbortSignal.timeout(60_000) })
    assert.equal(end.state, 'succeeded')
    const details = await mesh.client.show(run)
    assert.deepEqual(notDoneExactlyOnce(details), [])
    const peers = new Set(details.dags.flatMap(({ tasks }) => tasks.map(({ peer }) => peer)))
    assert.ok(peers.size > 1, 'more than one peer took part')
  })

  it('runs what was submitted before any peer was there, and lets hear when it has ended', async () => {
    mesh = await RealMesh.start([])
    const run = await startPhasid()
    const bell = join(mesh.home, 'ledger.sqlite.files', 'run-ended')
    await mkdir(dirname(bell), { recursive: true })
    await writeFile(bell, '')
    const { mtimeMs: before } = await stat(bell)
    await mesh.startPeer('late')
    assert.equal((await mesh.client.wait(run, { signal: AbortSignal.timeout(60_000) })).state, 'succeeded')
    await eventually(async () => (await stat(bell)).mtimeMs > before)
  })

  it('finishes after every peer was killed and one came back', async () => {
    mesh = await RealMesh.start(['alpha', 'beta'])
    const run = await startPhasid(0.5)
    await eventually(async () => (await mesh.client.run(run)).tasks.claimed)
    for (const peer of mesh.peers.values()) peer.kill('SIGKILL')
    await Promise.all(Array.from(mesh.peers.values(), peer => peer.exited()))
    await mesh.startPeer('alpha')
    assert.equal((await mesh.client.wait(run, { signal: AbortSignal.timeout(60_000) })).state, 'succeeded')
    assert.deepEqual(notDoneExactlyOnce(await mesh.client.show(run)), [])
  })

  it('loses no work when a peer is asked to leave: SIGTERM drains, exit code 0', async () => {
    mesh = await RealMesh.start(['alpha', 'beta'])
    const run = await startPhasid(0.3)
    await eventually(async () => (await mesh.client.meshStatus()).peers.every(({ running }) => running.length > 0))
    const alpha = mesh.peer('alpha')
    alpha.kill('SIGTERM')
    assert.equal(await alpha.exited(), 0)
    assert.equal((await mesh.client.wait(run, { signal: AbortSignal.timeout(60_000) })).state, 'succeeded')
    const details = await mesh.client.show(run)
    assert.deepEqual(notDoneExactlyOnce(details), [])
    const died = details.dags
      .flatMap(({ tasks }) => tasks.flatMap(({ history }) => history))
      .filter(({ end }) => end === 'owner-died')
    assert.deepEqual(died, [], 'a leaving peer gives its tasks back or finishes them')
  })

  it('stops a run: what runs may finish, nothing new starts', async () => {
    mesh = await RealMesh.start(['alpha'])
    const run = await startPhasid(0.5)
    await eventually(async () => ((await mesh.client.run(run)).tasks.claimed ?? 0) > 1)
    assert.equal((await mesh.client.stop(run)).stopped, true)
    const end = await mesh.client.wait(run, { signal: AbortSignal.timeout(60_000) })
    assert.equal(end.state, 'stopped')
    assert.ok((end.tasks.cancelled ?? 0) > 0)
  })
})
