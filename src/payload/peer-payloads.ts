/**
 * All of a peer's payloads in one piece, for the composition root: the store that its attempts use, what gives to and takes from other
 * peers, and what keeps the folder tidy.
 */
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Random } from '../core/random.ts'
import { BulkThreads, type BulkThreadsOptions } from './bulk/bulk-threads.ts'
import { FileHasher } from './files/file-hasher.ts'
import { FilePayloadStore } from './files/file-payload-store.ts'
import { RunFiles } from './files/run-files.ts'
import type { PayloadNetwork } from './payload-network.ts'
import type { NamedFiles, PayloadStore } from './payload-store.ts'
import { PullingPayloadStore } from './pulling-payload-store.ts'
import { Retention, type RetentionParts } from './retention.ts'
import { FileFetcher } from './transfer/file-fetcher.ts'
import { PayloadServer } from './transfer/payload-server.ts'
import { Puller, type PullMetrics } from './transfer/puller.ts'
import { Replicator } from './transfer/replicator.ts'

export interface PeerPayloadsOptions {
  folder: string
  network: PayloadNetwork
  clock: Clock
  random: Random
  log: Log
  needed: RetentionParts['needed']
  liveRuns: RetentionParts['liveRuns']
  /** Where direct connections are taken in; false = everything goes over the streams of the mesh. */
  direct?: BulkThreadsOptions | false
}

export class PeerPayloads {
  /** Files of users that tasks name instead of carrying them. */
  readonly named: NamedFiles
  readonly #store: PullingPayloadStore
  readonly #local: FilePayloadStore
  readonly #threads: BulkThreads
  readonly #server: PayloadServer
  readonly #puller: Puller
  readonly #hasher: FileHasher
  readonly #retention: Retention
  readonly #log: Log

  constructor({ folder, network, clock, random, log, needed, liveRuns, direct = {} }: PeerPayloadsOptions) {
    this.#log = log
    this.#local = new FilePayloadStore({ folder, peer: network.peer, random, clock })
    this.#threads = new BulkThreads(direct === false ? {} : direct)
    const { files } = this.#local
    const parts = { network, files, threads: this.#threads, clock, random, log, direct: direct !== false }
    const runFiles = new RunFiles({ folder, random, clock })
    this.#puller = new Puller(parts)
    this.#hasher = new FileHasher({ runFiles, threads: this.#threads })
    this.named = new FileFetcher({ ...parts, runFiles, hasher: this.#hasher, puller: this.#puller })
    this.#server = new PayloadServer({ ...parts, runFiles, hasher: this.#hasher, puller: this.#puller })
    this.#retention = new Retention({ files, runFiles, clock, random, log, needed, liveRuns })
    this.#store = new PullingPayloadStore({
      local: this.#local,
      puller: this.#puller,
      replicator: new Replicator(parts),
    })
  }

  get store(): PayloadStore {
    return this.#store
  }

  /** `localBytes` beside `pulledBytes` tells how well tasks find their inputs. */
  get metrics(): PullMetrics & { localBytes: number } {
    return { ...this.#puller.metrics, localBytes: this.#store.localBytes }
  }

  /** The same under the names by which the ledger shows them. */
  stats(): Record<string, number> {
    const { pulls, pulledBytes, localBytes, lost } = this.metrics
    return { payloadsPulled: pulls, bytesPulled: pulledBytes, bytesLocal: localBytes, payloadsLost: lost }
  }

  start(): void {
    this.#server.start()
    this.#retention.start()
    this.#local.files.removeAbandonedParts().catch((error: unknown) => {
      this.#log.warn('What earlier peers had begun could not be tidied up.', { error })
    })
  }

  /** Ends all transfers. Safe to call twice. */
  async stop(): Promise<void> {
    this.#puller.stop()
    this.#hasher.stop()
    this.#server.stop()
    await this.#retention.stop()
    await this.#threads.close()
  }
}
