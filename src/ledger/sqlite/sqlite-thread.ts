/** The ledger's own thread: SQLite waits for the disk here, where it keeps nobody else waiting. Started by `sqlite-ledger.ts`. */
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../../core/clock.ts'
import { toErrorRecord } from '../../core/errors.ts'
import { systemRandom } from '../../core/random.ts'
import { openDatabase } from './open-database.ts'
import { withShortPauses } from './short-pauses.ts'
import { toLedgerError } from './sqlite-errors.ts'
import type { FromThread, ThreadData, ToThread } from './thread-messages.ts'
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
  const server = new ThreadServer({ path, database, turn }, replies => send({ kind: 'replies', replies }))
  parentPort?.on('message', (message: ToThread) => {
    if (message.kind === 'close') void server.close().finally(() => parentPort?.close())
    else for (const request of message.requests) server.serve(request)
  })
  send({ kind: 'opened', incarnation: database.incarnation })
}

function send(message: FromThread): void {
  parentPort?.postMessage(message, [])
}
