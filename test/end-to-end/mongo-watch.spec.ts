import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PeerProcess } from '../../cli/demo/peer-process.ts'
import { seededRandom } from '../../src/core/random.ts'
import { type Client, openClient } from '../../src/index.ts'
import { MONGODB_URI, temporaryDatabase } from '../ledger/mongo/temporary-database.ts'
import { playWatchScenario } from './watch-scenario.ts'

const SEED = Number(process.env['LF_TEST_SEED'] ?? Math.floor(Math.random() * 1e9))

const server = MONGODB_URI
if (server !== undefined) {
  describe(`a trigger for new files on a MongoDB ledger (LF_TEST_SEED=${SEED})`, () => watchSuite(server))
}

function watchSuite(server: string): void {
  const database = temporaryDatabase(server)
  const peers = new Map<string, PeerProcess>()
  let root: string
  let client: Client

  before(async function () {
    this.timeout(60_000)
    root = await mkdtemp(join(tmpdir(), 'lightflow-test-'))
    await Promise.all(['alpha', 'beta'].map(startPeer))
    client = await openClient({ home: join(root, 'client'), ledger: database.uri })
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

  it('moves from peer to peer and has every file dealt with once, in order', async function () {
    this.timeout(300_000)
    const { peers: movedOver } = await playWatchScenario({
      what: 'files',
      client,
      folder: join(root, 'frames'),
      random: seededRandom(SEED),
      kills: 1,
      maxGapMs: 5000,
      peer: name => peers.get(name) ?? assert.fail(`no peer ${name}`),
      startPeer,
    })
    assert.equal(movedOver.size, 2)
  })
}
