/** Peers that hold payloads, each with a folder of its own, on a network inside this process; all ended by `close`. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Duplex, duplexPair } from 'node:stream'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLog } from '../../../src/core/log.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { BulkThreads } from '../../../src/payload/bulk/bulk-threads.ts'
import { FileHasher } from '../../../src/payload/files/file-hasher.ts'
import { FilePayloadStore } from '../../../src/payload/files/file-payload-store.ts'
import { RunFiles } from '../../../src/payload/files/run-files.ts'
import type { PayloadNetwork, PayloadStream } from '../../../src/payload/payload-network.ts'
import { PullingPayloadStore } from '../../../src/payload/pulling-payload-store.ts'
import { FileFetcher } from '../../../src/payload/transfer/file-fetcher.ts'
import { PayloadServer } from '../../../src/payload/transfer/payload-server.ts'
import { Puller } from '../../../src/payload/transfer/puller.ts'
import { Replicator } from '../../../src/payload/transfer/replicator.ts'

export interface PayloadPeer {
  id: string
  folder: string
  local: FilePayloadStore
  store: PullingPayloadStore
  puller: Puller
  server: PayloadServer
  threads: BulkThreads
  runFiles: RunFiles
  hasher: FileHasher
  named: FileFetcher
}

export interface PayloadPeerOptions {
  direct?: boolean
  threads?: BulkThreads
  /** Of a peer that was killed and begins anew. */
  folder?: string
}

export class PayloadPeers {
  /** Streams that were opened, newest last: the end of the one who asked. */
  readonly opened: { from: string; to: string; duplex: Duplex }[] = []
  readonly providers = new Map<string, Set<string>>()
  /** Address at which peers seem to be. Null: no direct connections. */
  host: string | null = '127.0.0.1'
  /** Pairs `from to` between which nothing passes, in either direction. */
  readonly cuts = new Set<string>()
  readonly #serving = new Map<string, (stream: PayloadStream) => void>()
  readonly #peers: PayloadPeer[] = []

  async add(
    id: string,
    { direct = true, threads = new BulkThreads({ host: '127.0.0.1' }), ...more }: PayloadPeerOptions = {},
  ): Promise<PayloadPeer> {
    const folder = more.folder ?? (await mkdtemp(join(tmpdir(), 'lf-payload-')))
    const network = this.networkOf(id)
    const local = new FilePayloadStore({ folder, peer: id })
    const parts = {
      network,
      files: local.files,
      threads,
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      direct,
    }
    const puller = new Puller(parts)
    const runFiles = new RunFiles({ folder, random: systemRandom, clock: systemClock })
    const hasher = new FileHasher({ runFiles, threads })
    const named = new FileFetcher({ ...parts, runFiles, hasher, puller })
    const server = new PayloadServer({ ...parts, runFiles, hasher, puller })
    server.start()
    const store = new PullingPayloadStore({ local, puller, replicator: new Replicator(parts) })
    const peer = { id, folder, local, store, puller, server, threads, runFiles, hasher, named }
    this.#peers.push(peer)
    return peer
  }

  networkOf(id: string): PayloadNetwork {
    return {
      peer: id,
      connected: () => Array.from(this.#serving.keys()).filter(peer => peer !== id && !this.#areApart(id, peer)),
      serve: (_name, onStream) => {
        this.#serving.set(id, onStream)
        return () => this.#serving.delete(id)
      },
      openStream: async (peer, _name, signal) => {
        signal.throwIfAborted()
        const serve = this.#serving.get(peer)
        if (serve === undefined || this.#areApart(id, peer)) throw new Error('cannot be reached')
        const [mine, theirs] = duplexPair()
        // As on a real connection, the end of one side is the end of the other.
        mine.on('close', () => theirs.destroy())
        theirs.on('close', () => mine.destroy())
        theirs.on('error', () => {})
        serve({ peer: id, host: this.host, duplex: theirs })
        this.opened.push({ from: id, to: peer, duplex: mine })
        return { peer, host: this.host, duplex: mine }
      },
      provide: async hash => {
        this.providers.set(hash, (this.providers.get(hash) ?? new Set()).add(id))
      },
      findProviders: (hash, _signal) => this.#others(hash, id),
    }
  }

  /** The peer is gone: nobody reaches it, what it sent breaks off. */
  async kill({ id, server, threads, hasher }: PayloadPeer): Promise<void> {
    this.#serving.delete(id)
    for (const { to, duplex } of this.opened) if (to === id) duplex.destroy()
    hasher.stop()
    server.stop()
    await threads.close()
  }

  async close(): Promise<void> {
    for (const { puller, server, hasher, threads, folder } of this.#peers.splice(0)) {
      puller.stop()
      hasher.stop()
      server.stop()
      await threads.close()
      await rm(folder, { recursive: true, force: true })
    }
  }

  #areApart(one: string, other: string): boolean {
    return this.cuts.has(`${one} ${other}`) || this.cuts.has(`${other} ${one}`)
  }

  async *#others(hash: string, self: string): AsyncGenerator<string> {
    for (const peer of this.providers.get(hash) ?? []) if (peer !== self) yield peer
  }
}

/** Paths of all files in the folder, relative to it. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
}
