/**
 * The thread of direct connections: gives payloads away and fetches them, so that the encryption of gigabytes never delays a beat.
 * Started by `bulk-threads.ts`. Knows sockets, files to read, and the sinks' thread; never the ledger or the mesh.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { Fetched, FetchRequest, FreeSlab, NetStatus, NetThreadData, OfferRequest } from './bulk-messages.ts'
import { NetFetch } from './net-fetch.ts'
import { NetServer } from './net-server.ts'
import { answerCalls } from './thread-calls.ts'

const { sinks, host, port } = workerData as NetThreadData
const fetches = new Map<number, NetFetch>()
let server: NetServer | null = null

sinks.on('message', (message: FreeSlab) => fetches.get(message.sink)?.freed(message))

answerCalls(parentPort as MessagePort, {
  offer: (request: OfferRequest) => {
    // Peers that only fetch open no port.
    server ??= new NetServer({ host, port })
    return server.offer(request)
  },
  fetch: async (request: FetchRequest): Promise<Fetched> => {
    const fetch = new NetFetch(request, sinks)
    fetches.set(request.sink, fetch)
    try {
      return await fetch.result
    } finally {
      fetches.delete(request.sink)
    }
  },
  stop: (sink: number) => fetches.get(sink)?.stop('cancelled'),
  status: (): NetStatus => server?.status ?? { serving: 0, sentBytes: 0 },
})
