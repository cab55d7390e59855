import { openSqliteLedger } from '../../src/ledger/sqlite/sqlite-ledger.ts'
import { systemClock } from '../../src/core/clock.ts'
import { describeLedger } from './ledger.contract.ts'
import { temporaryFolder } from './sqlite/temporary-folder.ts'

describeLedger('sqlite', async ({ clock, random }) => {
  const folder = await temporaryFolder()
  const options = {
    path: `${folder.path}/ledger.sqlite`,
    clock: { ...systemClock, wallMs: () => clock.wallMs() },
    random,
  }
  return { ledger: await openSqliteLedger({ ...options, create: true }), cleanUp: folder.remove }
})
