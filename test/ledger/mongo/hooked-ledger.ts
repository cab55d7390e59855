/** What specs about the steps of an operation begin with: what others do on the ledger, and a context of this process whose steps a test meets. */
import { systemRandom } from '../../../src/core/random.ts'
import type { Clock } from '../../../src/core/clock.ts'
import type { SessionRecord } from '../../../src/lease/records.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { Bench, HandClock } from '../contract/bench.ts'
import { hookedContext, type HookedContext } from './hooked-context.ts'
import { temporaryDatabase } from './temporary-database.ts'
import { openSeveral } from './with-faults.ts'

export interface HookedLedger {
  others: Ledger
  hooked: HookedContext
  bench: Bench
  /** `s`. */
  session: SessionRecord
  close: () => Promise<void>
}

/** In a database of its own on this server, which is dropped when it is closed. */
export async function openHooked(
  server: string,
  {
    capacity = 1000,
    clock,
    database = temporaryDatabase(server),
  }: { capacity?: number; clock?: Clock; database?: ReturnType<typeof temporaryDatabase> } = {},
): Promise<HookedLedger> {
  const opened = await openSeveral(server, 1, database)
  const others = opened.ledgers[0]
  const hooked = await hookedContext(database.uri, clock)
  const bench = new Bench(others, { clock: new HandClock(), random: systemRandom })
  const session = await bench.session('s', { capacity })
  const close = async (): Promise<void> => {
    await hooked.close()
    await opened.close()
  }
  return { others, hooked, bench, session, close }
}
