/** What a supervisor works with, and what it is told of its peer. */
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Random } from '../core/random.ts'
import type { ClaimedTask, Ledger } from '../ledger/ledger.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { NamedFiles, PayloadStore } from '../payload/payload-store.ts'
import type { WorkerPool } from '../workers/worker-pool.ts'
import type { Amounts } from '../workflow/needs.ts'
import type { Rules } from './rules.ts'
import type { Timing } from './timing.ts'

export interface SupervisorParts {
  ledger: Ledger
  mesh: Mesh
  payloads: PayloadStore
  /** Absent: files that tasks name are not given to others. */
  namedFiles?: NamedFiles
  /** What other rooms count, for people; told with each beat. */
  stats?: () => Record<string, number>
  workers: WorkerPool
  clock: Clock
  random: Random
  log: Log
  /** Path of the file with this bundle. */
  bundleFile: (hash: string) => Promise<string>
  scratchOf: (claimed: ClaimedTask) => string
  removeScratch: (claimed: ClaimedTask) => Promise<void>
  /** Other decisions than the real ones, for tests. */
  rules?: Partial<Rules>
  /** Keeps a line that a task wrote. */
  output: (claimed: ClaimedTask, stream: 'stdout' | 'stderr', line: string) => void
}

export interface SupervisorOptions {
  name: string
  host: string
  pid: number
  version: string
  /** With the needs that it can serve: see `workflow/needs.ts`. */
  queues: readonly string[]
  capacity: number
  /** What it has of what tasks need. */
  resources?: Amounts
  labels: Record<string, string>
  timing: Timing
}
