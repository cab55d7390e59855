import { systemClock } from '../../src/core/clock.ts'
import { openMongoLedger } from '../../src/ledger/mongo/mongo-ledger.ts'
import { describeLedger } from './ledger.contract.ts'
import { MONGODB_URI, temporaryDatabase } from './mongo/temporary-database.ts'

const server = MONGODB_URI
if (server !== undefined) {
  describeLedger('mongodb', async ({ clock, random }) => {
    const database = temporaryDatabase(server)
    const parts = { clock: { ...systemClock, wallMs: () => clock.wallMs() }, random }
    return { ledger: await openMongoLedger({ uri: database.uri, create: true, ...parts }), cleanUp: database.drop }
  })
}
