import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { giveLibrary } from '../../src/bundle/library-hook.ts'
import { runLocal } from '../../src/index.ts'
import { RealMesh } from '../support/real-mesh.ts'

const FRAMES = resolve('test/end-to-end/workflows/frames.ts')
const RIGHT = { different: -1, shape: [2000, 2000], dtype: 'float64' }

/** On MongoDB: `mongo-payloads.spec.ts`. */
describe('an array of 2000 x 2000 floats: made, changed and checked by three tasks', function () {
  this.timeout(180_000)
  let mesh: RealMesh | undefined

  afterEach(async () => {
    await mesh?.close()
    mesh = undefined
  })

  it('is equal bit for bit on three peers with a SQLite ledger', async () => {
    mesh = await RealMesh.start([])
    for (const name of ['alpha', 'beta', 'gamma']) await mesh.startPeer(name, { args: ['--queues', name], capacity: 1 })
    const { run } = await mesh.client.start(FRAMES)
    const end = await mesh.client.wait(run, { signal: AbortSignal.timeout(120_000) })
    assert.equal(end.state, 'succeeded', JSON.stringify(await mesh.client.show(run)))
    const [result] = await mesh.client.results(run)
    assert.deepEqual(result?.data['verdict'], { ...RIGHT, peer: 'gamma' })
  })

  it('is equal bit for bit in one process with a ledger in memory', async () => {
    const file = pathToFileURL(FRAMES).href
    giveLibrary(file, pathToFileURL(resolve('src/index.ts')).href)
    const run = await runLocal((await import(file)) as Record<string, unknown>)
    const { peer: _, ...verdict } = run.task('check').data['verdict'] as typeof RIGHT & { peer: string }
    assert.deepEqual([run.state, verdict], ['succeeded', RIGHT])
  })
})
