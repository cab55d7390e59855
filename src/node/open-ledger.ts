/** The one place that knows which adapter serves which kind of ledger. */
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Random } from '../core/random.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { openSqliteLedger } from '../ledger/sqlite/sqlite-ledger.ts'
import { LAN_TIMING, LOCAL_TIMING, type Timing } from '../supervisor/timing.ts'
import { mongoFolder, type LedgerLocation } from './settings.ts'

export interface OpenLedgerParts {
  clock: Clock
  random: Random
  log?: Log
}

/** `create: false` refuses with `LF_NO_LEDGER` when there is none yet. */
export async function openLedger(
  location: LedgerLocation,
  parts: OpenLedgerParts,
  { create }: { create: boolean },
): Promise<Ledger> {
  if (location.kind === 'sqlite') return openSqliteLedger({ path: location.path, create, ...parts })
  // The driver takes a while to load: only those pay for it who use it.
  const { openMongoLedger } = await import('../ledger/mongo/mongo-ledger.ts')
  return openMongoLedger({ uri: location.uri, lockFolder: mongoFolder(location), create, ...parts })
}

export function timingOf({ kind }: LedgerLocation): Timing {
  return kind === 'sqlite' ? LOCAL_TIMING : LAN_TIMING
}
