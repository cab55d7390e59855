import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PeerProcess } from '../../cli/demo/peer-process.ts'
import { type Client, openClient } from '../../src/index.ts'

export interface RealPeerOptions {
  /** Further arguments of `lf node`. */
  args?: string[]
  capacity?: number
  /** Beside that of this process. */
  env?: NodeJS.ProcessEnv
  /** The peer believes to be on a host of its own (of its name), with a home of its own: its death is not proven by a lock. Needs root. */
  ownHost?: boolean
}

const ON_HOST = ['unshare', '--uts', 'sh', '-c', 'hostname "$0" && exec "$@"']

/** Peers that are started at the same time: more only make each other slow. */
const STARTED_AT_ONCE = 5

export interface RealMeshOptions extends RealPeerOptions {
  /** Default: a SQLite file in the home. */
  ledger?: string
}

/** Real `lf node` processes on one ledger and with a temporary home; `close` ends them and removes everything but a given ledger. */
export class RealMesh {
  readonly home: string
  readonly ledger: string
  readonly client: Client
  readonly peers = new Map<string, PeerProcess>()

  private constructor(home: string, ledger: string, client: Client) {
    this.home = home
    this.ledger = ledger
    this.client = client
  }

  static async start(names: readonly string[], { ledger, ...options }: RealMeshOptions = {}): Promise<RealMesh> {
    const home = await mkdtemp(join(tmpdir(), 'lightflow-test-'))
    const location = ledger ?? `sqlite:${join(home, 'ledger.sqlite')}`
    const mesh = new RealMesh(home, location, await openClient({ home, ledger: location }))
    try {
      for (let from = 0; from < names.length; from += STARTED_AT_ONCE) {
        const together = names.slice(from, from + STARTED_AT_ONCE)
        // All are waited for: one that is still starting when another has failed would be forgotten.
        const started = await Promise.allSettled(together.map(name => mesh.startPeer(name, options)))
        for (const each of started) if (each.status === 'rejected') throw each.reason
      }
      return mesh
    } catch (error) {
      await mesh.close()
      throw error
    }
  }

  async startPeer(name: string, options: RealPeerOptions = {}): Promise<PeerProcess> {
    const { args = [], capacity = 2, env = {}, ownHost = false } = options
    const { process: peer } = await PeerProcess.start({
      name,
      home: ownHost ? join(this.home, name) : this.home,
      through: ownHost ? [...ON_HOST, name] : [],
      capacity,
      args: ['--no-mdns', '--ledger', this.ledger, ...args],
      env: { ...process.env, NO_COLOR: '1', ...env },
    })
    this.peers.set(name, peer)
    return peer
  }

  /** Every live peer has a connection to every other, as the ledger says: a second or so later than it is so. */
  async isFullMesh(): Promise<boolean> {
    const { peers } = await this.client.meshStatus()
    const live = peers.filter(({ state }) => state === 'alive')
    return live.length === this.peers.size && live.every(({ connected }) => connected.length === live.length - 1)
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
