import assert from 'node:assert/strict'
import { join } from 'node:path'
import { seededRandom } from '../../src/core/random.ts'
import { RealMesh } from '../support/real-mesh.ts'
import { playWatchScenario } from './watch-scenario.ts'

/** The moments are drawn from this; the seed is told, so that a failure can be repeated. */
const SEED = Number(process.env['LF_TEST_SEED'] ?? Math.floor(Math.random() * 1e9))

describe(`a trigger for new files whose peers are killed (LF_TEST_SEED=${SEED})`, function () {
  this.timeout(300_000)
  let mesh: RealMesh

  before(async () => {
    mesh = await RealMesh.start(['alpha', 'beta', 'gamma'])
  })

  after(() => mesh?.close())

  it('moves from peer to peer and has every file dealt with once, in order', async () => {
    const { peers, files } = await playWatchScenario({
      client: mesh.client,
      folder: join(mesh.home, 'frames'),
      random: seededRandom(SEED),
      kills: 4,
      maxGapMs: 600,
      peer: name => mesh.peer(name),
      startPeer: name => mesh.startPeer(name),
    })
    assert.ok(peers.size > 1, 'it never moved')
    process.stdout.write(`      ${files} files, on ${[...peers].join(', ')}\n`)
  })
})
