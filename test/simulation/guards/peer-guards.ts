/** How a peer uses the ledger and its places. */
import { Attempts } from '../../../src/supervisor/attempts.ts'
import { EarlyStart } from '../../../src/supervisor/early-start.ts'
import { EarlyStarts } from '../../../src/supervisor/early-starts.ts'
import { Capacity } from '../../../src/supervisor/capacity.ts'
import { Unrecorded } from '../../../src/supervisor/reconcile.ts'
import { rewired } from '../guard-seams.ts'
import { divided, type Guard, only, silentDeaths } from './guard.ts'
import { NO_STRAYS, lostWhenUnknown, patched } from './without-guard.ts'

export const PEER_GUARDS: readonly Guard[] = [
  {
    name: 'running attempts are compared with the ledger',
    hole: 'H5, H25',
    invariants: ['L1'],
    mode: 'liveness',
    adjust: only({}, {}, o => ({ workload: { ...o.workload, stops: true, runs: 3 } })),
    remove: () => ({
      wrapLedger: ledger => rewired(ledger, { verify: async claims => claims.map(() => 'current' as const) }),
    }),
  },
  {
    name: 'others end what its owner cannot end in time',
    hole: 'H5',
    invariants: ['L1'],
    mode: 'liveness',
    adjust: only({}, {}, o => ({
      everybodyStays: true,
      hangsStay: true,
      capacity: [3, 3, 3, 3],
      workload: { ...o.workload, runs: 3, nests: false, timeouts: true, hangs: true },
    })),
    remove: () => ({ supervisorParts: { rules: { isOverdue: () => false } } }),
  },
  {
    name: 'an unanswered claim is asked for again',
    hole: 'H19, R6',
    invariants: ['L1'],
    mode: 'liveness',
    adjust: only({}, { appliedUnknown: 0.2 }),
    context: () => ({ supervisorParts: { rules: NO_STRAYS } }),
    remove: () => ({ wrapLedger: ledger => lostWhenUnknown(ledger), supervisorParts: { rules: NO_STRAYS } }),
  },
  {
    name: 'what is held and not run is given back',
    hole: 'H19',
    invariants: ['L1'],
    mode: 'liveness',
    adjust: only({}, { appliedUnknown: 0.2 }),
    context: () => ({ wrapLedger: ledger => lostWhenUnknown(ledger) }),
    remove: () => ({ wrapLedger: ledger => lostWhenUnknown(ledger), supervisorParts: { rules: NO_STRAYS } }),
  },
  {
    name: 'a stray whose body began is not given back as ready',
    hole: 'H9, H19',
    invariants: ['I6'],
    mode: 'safety',
    adjust: only({}, { staleMisses: 0.5, staleMs: 5000 }, o => ({
      workload: { ...o.workload, effects: ['exclusive'], maxDurationMs: 30_000 },
    })),
    remove: () => ({ patch: () => patched(Unrecorded.prototype, 'mayHold', () => false) }),
  },
  {
    name: 'what was passed to a peer is found without a word',
    hole: 'H6, H19',
    invariants: ['L1'],
    mode: 'liveness',
    adjust: only({}, {}, o => ({ ...divided(o), network: { ...o.network, loss: 1 } })),
    context: () => ({ supervisorParts: { rules: NO_STRAYS } }),
    remove: () => ({
      wrapLedger: ledger => rewired(ledger, { passedTo: async () => [] }),
      supervisorParts: { rules: NO_STRAYS },
    }),
  },
  {
    name: 'what was passed to a peer takes a place',
    hole: 'capacity',
    invariants: ['capacity'],
    mode: 'safety',
    adjust: only({}, {}, o => ({ ...divided(o), capacity: [1, 1, 1, 1] })),
    remove: () => ({
      patch: () =>
        patched(Attempts.prototype, 'takePassed', function (this: Attempts, claimed, session) {
          this.start(claimed, session)
        }),
    }),
  },
  {
    name: 'what was passed to a peer and has ended does not begin by a late word',
    hole: 'H4, H22',
    invariants: ['I5'],
    mode: 'safety',
    adjust: only({}, {}, o => ({
      ...divided(o),
      ...silentDeaths(),
      network: { ...o.network, delayMs: 8000 },
      workload: { ...divided(o).workload, effects: ['idempotent'], failures: true, maxDurationMs: 4000, runs: 6 },
    })),
    remove: () => ({ patch: () => patched(EarlyStarts.prototype, 'isOver', () => false) }),
  },
  {
    name: 'only pure tasks begin before the write that claims them is known to be kept',
    hole: 'R10',
    invariants: ['I8'],
    mode: 'safety',
    adjust: only({}, { lostCommits: 0.3 }, o => ({ workload: { ...o.workload, effects: ['idempotent'] } })),
    remove: () => ({ supervisorParts: { rules: { mayBeginEarly: () => true } } }),
  },
  {
    name: 'what began early asks for nothing before its claim is known to be kept',
    hole: 'R10',
    invariants: ['I8'],
    mode: 'safety',
    adjust: only({}, { lostCommits: 0.3 }, o => ({
      workload: { ...o.workload, effects: ['pure'], maxDurationMs: 50 },
    })),
    remove: () => ({ patch: () => patched(EarlyStart.prototype, 'hold', host => host) }),
  },
  {
    name: 'a joining task takes a place again before it goes on',
    hole: 'capacity',
    invariants: ['capacity'],
    mode: 'safety',
    adjust: only({}, {}, o => ({ capacity: [1, 1, 1, 1], workload: { ...o.workload, nests: true, runs: 3 } })),
    remove: () => ({
      patch: () =>
        patched(Capacity.prototype, 'resume', async function (this: Capacity) {
          this.take(1)
        }),
    }),
  },
]
