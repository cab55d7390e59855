import { systemClock } from '../../../src/core/clock.ts'
import { hasCode } from '../../../src/core/errors.ts'
import { systemRandom } from '../../../src/core/random.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { openMongoLedger } from '../../../src/ledger/mongo/mongo-ledger.ts'
import { temporaryDatabase } from './temporary-database.ts'

/** Several handles on one new ledger, as peers on different hosts have them. */
export async function openSeveral(
  server: string,
  count: number,
  database = temporaryDatabase(server),
): Promise<{ ledgers: [Ledger, ...Ledger[]]; close: () => Promise<void> }> {
  const open = () => openMongoLedger({ uri: database.uri, clock: systemClock, random: systemRandom, create: true })
  const ledgers: [Ledger, ...Ledger[]] = [await open()]
  while (ledgers.length < count) ledgers.push(await open())
  return {
    ledgers,
    close: async () => {
      await Promise.all(ledgers.map(ledger => ledger.close()))
      await database.drop()
    },
  }
}

/** Repeats an operation whose outcome is open, as supervisors do. */
export async function answered<T>(operation: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await operation()
    } catch (error) {
      if (!hasCode(error, 'LF_LEDGER_UNAVAILABLE')) throw error
    }
    await systemClock.sleep(50)
  }
}
