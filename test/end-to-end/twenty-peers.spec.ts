import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { notDoneExactlyOnce } from '../../cli/demo/takeovers.ts'
import { eventually } from '../support/eventually.ts'
import { RealMesh } from '../support/real-mesh.ts'

const PEERS = Array.from({ length: 20 }, (_, index) => `peer-${index + 1}`)

/** More peers on one address than gossip puts up with by default. `npm run measure:idle` tells what they cost. */
describe('twenty peers on one machine', function () {
  this.timeout(300_000)
  let mesh: RealMesh

  before(async () => {
    mesh = await RealMesh.start(PEERS, { capacity: 1 })
  })

  after(() => mesh?.close())

  it('are all connected with all', async () => {
    const from = performance.now()
    await eventually(() => mesh.isFullMesh(), 60_000, 100)
    process.stdout.write(`      ${((performance.now() - from) / 1000).toFixed(1)} s after the last was ready\n`)
  })

  it('share a run', () => shareARun(mesh))
})

describe('twenty peers on one machine, without gossip', function () {
  this.timeout(300_000)
  let mesh: RealMesh

  before(async () => {
    mesh = await RealMesh.start(PEERS, { capacity: 1, args: ['--no-gossip'] })
  })

  after(() => mesh?.close())

  it('share a run', () => shareARun(mesh))
})

async function shareARun(mesh: RealMesh): Promise<void> {
  const args = { pure: PEERS.length, idempotent: PEERS.length, seconds: 0.2 }
  const { run } = await mesh.client.start(resolve('test/end-to-end/workflows/lanes.ts'), { args })
  const end = await mesh.client.wait(run, { signal: AbortSignal.timeout(120_000) })
  assert.equal(end.state, 'succeeded')
  const details = await mesh.client.show(run)
  assert.deepEqual(notDoneExactlyOnce(details), [])
  const tookPart = new Set(details.dags.flatMap(({ tasks }) => tasks.map(({ peer }) => peer)))
  assert.ok(tookPart.size > PEERS.length / 2, `${tookPart.size} of ${PEERS.length} took part`)
  const { metrics } = await mesh.client.meshStatus()
  process.stdout.write(`      ${JSON.stringify(metrics)}\n`)
}
