/** One guard of the protocol, and the trouble that it is there for. */
import { calm, type Incidents, type Mode, type SimOptions } from '../options.ts'
import type { LedgerFaults } from '../faulty-ledger.ts'
import type { Removal } from '../simulation.ts'

export interface Guard {
  name: string
  /** Hole of the design that it closes. */
  hole: string
  /** Which invariant notices; any of these. */
  invariants: readonly string[]
  mode: Mode
  adjust: (options: SimOptions) => SimOptions
  /** What is taken out besides, to see this guard alone: the same seed must hold with only that. */
  context?: () => Removal
  remove: () => Removal
}

/** A calm mesh with exactly these faults: what the guard is there for. */
export function only(
  incidents: Partial<Incidents>,
  ledger: Partial<LedgerFaults> = {},
  more: (options: SimOptions) => Partial<SimOptions> = () => ({}),
): (options: SimOptions) => SimOptions {
  return options => {
    const quiet = { ...calm(options), ttlFactors: options.ttlFactors.map(() => 1) }
    const faulty = {
      ...quiet,
      peers: 4,
      capacity: [1, 2, 2, 3],
      ttlFactors: [1, 1, 1, 1],
      queues: Array.from({ length: 4 }, () => [...new Set(options.queues.flat())]),
      maxBoundMs: 600_000,
      maxOutageMs: 2.5 * options.timing.ttlMs,
      incidents: { ...quiet.incidents, ...incidents },
      ledger: { ...quiet.ledger, ...ledger },
      workload: { ...quiet.workload, maxTasks: 8, maxDurationMs: 8000 },
    }
    return { ...faulty, ...more(faulty) }
  }
}

/** Each queue is served by some of the peers alone, so that steps change the peer. */
export const divided = ({ workload }: SimOptions) => ({
  queues: [['task'], ['other'], ['task'], ['other']],
  workload: { ...workload, queues: ['task', 'other'], runs: 3 },
})

export const silentDeaths = () => ({ provesDeath: false })
export const alone = () => ({
  peers: 1,
  capacity: [2],
  ttlFactors: [1],
  queues: [['task', 'other']],
  provesDeath: false,
})
