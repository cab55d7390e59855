import { systemClock } from '../../src/core/clock.ts'
import { openMongoLedger } from '../../src/ledger/mongo/mongo-ledger.ts'
import { describeLedger } from './ledger.contract.ts'
import { MONGODB_URI, temporaryDatabase } from './mongo/temporary-database.ts'
import { answered, answering } from './mongo/with-faults.ts'

const server = MONGODB_URI
if (server !== undefined) {
  describeLedger('mongodb', async ({ clock, random }) => {
    const database = temporaryDatabase(server)
    const parts = { clock: { ...systemClock, wallMs: () => clock.wallMs() }, random }
    const ledger = await answered(() => openMongoLedger({ uri: database.uri, create: true, ...parts }))
    return { ledger: answering(ledger), cleanUp: database.drop }
  })
}
