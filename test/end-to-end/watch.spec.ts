import assert from 'node:assert/strict'
import { join } from 'node:path'
import { seededRandom } from '../../src/core/random.ts'
import { RealMesh } from '../support/real-mesh.ts'
import { playWatchScenario } from './watch-scenario.ts'

/** The moments are drawn from this; the seed is told, so that a failure can be repeated. */
const SEED = Number(process.env['LF_TEST_SEED'] ?? Math.floor(Math.random() * 1e9))

describe(`a trigger whose peers are killed (LF_TEST_SEED=${SEED})`, function () {
  this.timeout(300_000)
  let mesh: RealMesh

  before(async () => {
    mesh = await RealMesh.start(['alpha', 'beta', 'gamma'])
  })

  after(() => mesh?.close())

  const play = async (what: 'files' | 'lines', kills: number, maxGapMs: number): Promise<void> => {
    const { peers, count } = await playWatchScenario({
      client: mesh.client,
      what,
      folder: join(mesh.home, what),
      random: seededRandom(SEED),
      kills,
      maxGapMs,
      peer: name => mesh.peer(name),
      startPeer: name => mesh.startPeer(name),
    })
    assert.ok(peers.size > 1, 'it never moved')
    process.stdout.write(`      ${count} ${what}, on ${[...peers].join(', ')}\n`)
  }

  it('moves from peer to peer and has every file dealt with once, in order', () => play('files', 4, 600))

  it('does the same with the lines of a file that grows and is rotated', () => play('lines', 2, 100))
})
