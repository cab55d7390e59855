/** The one place that knows which adapter serves which kind of ledger. */
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { openSqliteLedger } from '../ledger/sqlite/sqlite-ledger.ts'
import type { LedgerLocation } from './settings.ts'

export interface OpenLedgerParts {
  clock: Clock
  random: Random
}

/** `create: false` refuses with `LF_NO_LEDGER` when there is none yet. */
export function openLedger(
  location: LedgerLocation,
  parts: OpenLedgerParts,
  { create }: { create: boolean },
): Promise<Ledger> {
  return openSqliteLedger({ path: location.path, create, ...parts })
}
