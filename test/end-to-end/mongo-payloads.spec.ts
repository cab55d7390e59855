import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PeerProcess } from '../../cli/demo/peer-process.ts'
import { type Client, openClient } from '../../src/index.ts'
import { MONGODB_URI, temporaryDatabase } from '../ledger/mongo/temporary-database.ts'

const server = MONGODB_URI
if (server !== undefined)
  describe('payloads among peers with homes of their own on a MongoDB ledger', () => suite(server))

function suite(server: string): void {
  const names = ['alpha', 'beta', 'gamma']
  const database = temporaryDatabase(server)
  const peers: PeerProcess[] = []
  let root: string
  let client: Client

  before(async function () {
    this.timeout(120_000)
    root = await mkdtemp(join(tmpdir(), 'lightflow-test-'))
    for (const name of names) {
      const args = ['--no-mdns', '--ledger', database.uri, '--queues', name]
      const env = { ...process.env, NO_COLOR: '1' }
      const home = join(root, name)
      await mkdir(home)
      // The folder of each process is its own.
      const through = ['env', '--chdir', home]
      peers.push((await PeerProcess.start({ name, home, capacity: 1, args, env, through })).process)
    }
    client = await openClient({ home: join(root, 'client'), ledger: database.uri })
  })

  after(async function () {
    this.timeout(60_000)
    await Promise.all(peers.map(peer => peer.stop()))
    await client?.close()
    await database.drop()
    await rm(root, { recursive: true, force: true })
  })

  it('arrive bit for bit: made on one, changed on a second, checked on a third', async function () {
    this.timeout(120_000)
    const { run } = await client.start(resolve('test/end-to-end/workflows/frames.ts'))
    const end = await client.wait(run, { signal: AbortSignal.timeout(100_000) })
    assert.equal(end.state, 'succeeded', JSON.stringify(await client.show(run)))
    const [result] = await client.results(run)
    assert.deepEqual(result?.data['verdict'], { different: -1, shape: [2000, 2000], dtype: 'float64', peer: 'gamma' })
    // Nobody shares a folder: each has what it made and what it pulled.
    const kept = await Promise.all(names.map(name => payloadsBelow(join(root, name))))
    assert.deepEqual(
      kept.map(({ length }) => length),
      [1, 2, 1],
    )
  })

  it('come as files that a task named and another peer does not see', async function () {
    this.timeout(120_000)
    if (process.platform !== 'linux') this.skip()
    const { run } = await client.start(resolve('test/end-to-end/workflows/named-file.ts'))
    const end = await client.wait(run, { signal: AbortSignal.timeout(100_000) })
    assert.equal(end.state, 'succeeded', JSON.stringify(await client.show(run)))
    const [result] = await client.results(run)
    assert.deepEqual(result?.data['verdict'], { isRight: true, name: 'frames.h5', peer: 'gamma' })
  })
}

async function payloadsBelow(folder: string): Promise<string[]> {
  const all = await readdir(folder, { recursive: true })
  return all.filter(name => /payloads\/[0-9a-f]{2}\/[0-9a-f]{64}$/.test(name))
}
