/**
 * All of a peer's payloads in one piece, for the composition root: the store that its attempts use, what gives to and takes from other
 * peers, and what keeps the folder tidy.
 */
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Random } from '../core/random.ts'
import { BulkThreads, type BulkThreadsOptions } from './bulk/bulk-threads.ts'
import { FilePayloadStore } from './files/file-payload-store.ts'
import type { PayloadNetwork } from './payload-network.ts'
import type { PayloadStore } from './payload-store.ts'
import { PullingPayloadStore } from './pulling-payload-store.ts'
import { Retention, type RetentionParts } from './retention.ts'
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
  /** Where direct connections are taken in; false = everything goes over the streams of the mesh. */
  direct?: BulkThreadsOptions | false
}

export class PeerPayloads {
  readonly #store: PullingPayloadStore
  readonly #local: FilePayloadStore
  readonly #threads: BulkThreads
  readonly #server: PayloadServer
  readonly #puller: Puller
  readonly #retention: Retention
  readonly #log: Log

  constructor({ folder, network, clock, random, log, needed, direct = {} }: PeerPayloadsOptions) {
    this.#log = log
    this.#local = new FilePayloadStore({ folder, peer: network.peer, random, clock })
    this.#threads = new BulkThreads(direct === false ? {} : direct)
    const { files } = this.#local
    const parts = { network, files, threads: this.#threads, clock, random, log, direct: direct !== false }
    this.#puller = new Puller(parts)
    this.#server = new PayloadServer({ ...parts, puller: this.#puller })
    this.#retention = new Retention({ files, clock, random, log, needed })
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
    this.#server.stop()
    await this.#retention.stop()
    await this.#threads.close()
  }
}
