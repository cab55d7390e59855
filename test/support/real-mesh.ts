import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PeerProcess } from '../../cli/demo/peer-process.ts'
import { type Client, openClient } from '../../src/index.ts'

/** Real `lf node` processes on one SQLite ledger in a temporary home; `close` ends them and removes everything. */
export class RealMesh {
  readonly home: string
  readonly client: Client
  readonly peers = new Map<string, PeerProcess>()

  private constructor(home: string, client: Client) {
    this.home = home
    this.client = client
  }

  static async start(names: readonly string[], { args = [] as string[], capacity = 2 } = {}): Promise<RealMesh> {
    const home = await mkdtemp(join(tmpdir(), 'lightflow-test-'))
    const mesh = new RealMesh(home, await openClient({ home }))
    try {
      await Promise.all(names.map(name => mesh.startPeer(name, { args, capacity })))
      return mesh
    } catch (error) {
      await mesh.close()
      throw error
    }
  }

  async startPeer(name: string, { args = [] as string[], capacity = 2 } = {}): Promise<PeerProcess> {
    const env = { ...process.env, NO_COLOR: '1' }
    const { process: peer } = await PeerProcess.start({
      name,
      home: this.home,
      capacity,
      args: ['--no-mdns', ...args],
      env,
    })
    this.peers.set(name, peer)
    return peer
  }

  peer(name: string): PeerProcess {
    const peer = this.peers.get(name)
    if (peer === undefined) throw new Error(`no peer ${name}`)
    return peer
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.peers.values(), peer => peer.stop()))
    await this.client.close()
    await rm(this.home, { recursive: true, force: true })
  }
}
