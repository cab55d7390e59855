/** The ledger's own thread: SQLite waits for the disk here, where it keeps nobody else waiting. Started by `sqlite-ledger.ts`. */
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../../core/clock.ts'
import { toErrorRecord } from '../../core/errors.ts'
import { systemRandom } from '../../core/random.ts'
import { TidyHeap } from '../../core/tidy-heap.ts'
import { openDatabase } from './open-database.ts'
import { withShortPauses } from './short-pauses.ts'
import { toLedgerError } from './sqlite-errors.ts'
import type { FromThread, Request, ThreadData, ToThread } from './thread-messages.ts'
import { ThreadServer } from './thread-server.ts'

const { path, newIncarnation } = workerData as ThreadData
const turn = { clock: withShortPauses(systemClock), random: systemRandom }

try {
  await start()
} catch (error) {
  send({ kind: 'refused', error: toErrorRecord(toLedgerError(error, path), 'LF_LEDGER_UNAVAILABLE') })
  parentPort?.close()
}

async function start(): Promise<void> {
  const database = await openDatabase(path, newIncarnation, turn)
  const server = new ThreadServer({ path, database, turn }, send)
  const tidy = new TidyHeap({ clock: systemClock })
  tidy.start()
  parentPort?.on('message', (message: ToThread) => {
    if (message.kind !== 'close') {
      for (const request of message.requests) {
        if (isWork(request)) tidy.noteWork()
        server.serve(request)
      }
      return
    }
    tidy.stop()
    void server.close().finally(() => parentPort?.close())
  })
  send({ kind: 'opened', incarnation: database.incarnation })
}

/** What comes with every task that a peer runs, or with every run that a client submits, and with nothing else. */
function isWork(request: Request): boolean {
  return request.kind === 'operation' && (request.call.name === 'complete' || request.call.name === 'submit')
}

function send(message: FromThread): void {
  parentPort?.postMessage(message, [])
}
