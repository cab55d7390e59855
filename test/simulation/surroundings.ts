import type { MemoryBus } from '../../src/mesh/memory/memory-bus.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { SupervisorParts } from '../../src/supervisor/supervisor-parts.ts'
import type { Job } from '../../src/workers/worker-pool.ts'
import type { Bodies } from './bodies.ts'
import type { BurialEvidence } from './burial-evidence.ts'
import type { LedgerWeather } from './faulty-ledger.ts'
import type { History } from './history.ts'
import type { RecordingTables } from './recording-tables.ts'
import type { SimPayloads } from './sim-payloads.ts'
import type { SimProcess } from './sim-process.ts'
import type { TaskScript } from './workload.ts'
import type { World } from './world.ts'

/** What all peers of a simulation share. */
export interface Surroundings {
  world: World
  trueLedger: Ledger
  tables: RecordingTables
  weather: LedgerWeather
  bus: MemoryBus
  bodies: Bodies
  history: History
  burialEvidence: BurialEvidence
  payloads: SimPayloads
  /** Which process is behind a session. */
  sessions: Map<string, SimProcess>
  /** Connections to them were refused in their name. */
  walledOff: Set<SimProcess>
  onSession: (session: string, process: SimProcess) => void
  scriptOf: (job: Job) => TaskScript
  /** How long it takes until a dead peer is started again. */
  restartMs: () => number
  /** Takes a guard of the supervisor's use of the ledger away; the identity when none is. */
  wrapLedger: (ledger: Ledger, process: SimProcess) => Ledger
  supervisorParts: Partial<SupervisorParts>
}
