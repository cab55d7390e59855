/** Who may write what about a task. */
import { claim } from '../../../src/ledger/transactions/claim.ts'
import { complete } from '../../../src/ledger/transactions/complete.ts'
import { release } from '../../../src/ledger/transactions/release.ts'
import { startDag } from '../../../src/ledger/transactions/start-dag.ts'
import { writeLeaves } from '../../../src/ledger/store-leaves.ts'
import { currentClaim, lens, NoCancelTables, rewired } from '../guard-seams.ts'
import { type Guard, only, silentDeaths } from './guard.ts'
import { learnsLate, asIfHeld, undying, withAllQueues } from './without-guard.ts'

export const FENCE_GUARDS: readonly Guard[] = [
  {
    name: 'complete carries the claim',
    hole: 'H1, H4, R17',
    invariants: ['I2'],
    mode: 'safety',
    adjust: only({ evict: 1000 }, {}, o => ({ workload: { ...o.workload, effects: ['pure'] } })),
    context: () => ({ wrapLedger: learnsLate }),
    remove: () => ({
      wrapLedger: learnsLate,
      operations: {
        complete: (tables, now, given, result, handOn) =>
          complete(tables, now, currentClaim(tables, given), result, handOn),
      },
    }),
  },
  {
    name: 'release carries the claim',
    hole: 'H19',
    invariants: ['I2'],
    mode: 'safety',
    adjust: only({ cutOff: 15_000 }, {}, o => ({
      ...silentDeaths(),
      faultsForMs: 120_000,
      workload: { ...o.workload, effects: ['pure'], maxDurationMs: 60_000 },
    })),
    remove: () => ({
      operations: {
        release: (tables, now, given, request) => release(tables, now, currentClaim(tables, given), request),
      },
    }),
  },
  {
    name: 'a write to the store carries the claim',
    hole: 'H9',
    invariants: ['I2'],
    mode: 'safety',
    adjust: only({ stall: 3000, evict: 5000 }, { spikes: 0.2, spikeMs: 20_000 }),
    remove: () => ({
      operations: {
        storeWrite: (tables, _now, { task }, section, write) =>
          writeLeaves(tables.leaves(tables.task(task)?.run ?? '', section), write),
      },
    }),
  },
  {
    name: 'a repeated write to the store is known by its id',
    hole: 'R6, R20',
    invariants: ['store'],
    mode: 'liveness',
    adjust: only({}, { appliedUnknown: 0.2 }),
    remove: () => ({
      wrapLedger: ledger => rewired(ledger, { storeWrite: (given, write) => ledger.storeWrite(given, write) }),
    }),
  },
  {
    name: 'starting a DAG carries the claim',
    hole: 'H9',
    invariants: ['I2', 'starts'],
    mode: 'safety',
    adjust: only({ stop: 3000, evict: 4000 }, { spikes: 0.2, spikeMs: 20_000 }, o => ({
      workload: { ...o.workload, nests: true, runs: 3 },
    })),
    remove: () => ({
      operations: {
        startDag: (tables, now, start) => startDag(asIfHeld(tables, start.claim), now, start),
      },
    }),
  },
  {
    name: 'a repeated start finds the DAG that it started',
    hole: 'R6, H20',
    invariants: ['starts'],
    mode: 'liveness',
    adjust: only({ crash: 8000 }, { appliedUnknown: 0.2 }, o => ({ workload: { ...o.workload, nests: true } })),
    remove: () => ({
      operations: {
        startDag: (tables, now, start) => startDag(lens(tables, { dagByStarter: () => undefined }), now, start),
      },
    }),
  },
  {
    name: 'only ready tasks are claimed',
    hole: 'R4',
    invariants: ['I10', 'I3', 'I2'],
    mode: 'safety',
    adjust: only({}, { staleReads: 0.3, staleMs: 3000 }),
    remove: () => ({
      operations: {
        claim: (tables, now, session, claims) => {
          const seen = lens(tables, {
            task: id => {
              const task = tables.task(id)
              return task?.state === 'claimed' && task.owner !== session ? { ...task, state: 'ready' } : task
            },
          })
          return claim(seen, now, session, claims)
        },
      },
    }),
  },
  {
    name: 'a dead session claims nothing',
    hole: 'H2',
    invariants: ['I4'],
    mode: 'safety',
    adjust: only({ crash: 4000, evict: 3000 }, { spikes: 0.2, spikeMs: 10_000 }),
    remove: () => ({
      operations: { claim: (tables, now, session, claims) => claim(undying(tables), now, session, claims) },
    }),
  },
  {
    name: 'nothing is handed on to a dead session',
    hole: 'H2, H12',
    invariants: ['I4'],
    mode: 'safety',
    adjust: only({ evict: 500 }),
    remove: () => ({
      operations: {
        complete: (tables, now, given, result, handOn) => complete(undying(tables), now, given, result, handOn),
      },
    }),
  },
  {
    name: 'a claim is for a queue of its session',
    hole: 'H23',
    invariants: ['queue'],
    mode: 'safety',
    adjust: only({}, {}, () => ({ queues: [['task', 'other'], ['task'], ['task'], ['other']] })),
    remove: () => ({
      wrapLedger: ledger =>
        rewired(ledger, { peekReady: (_queues, limit) => ledger.peekReady(['task', 'other'], limit) }),
      operations: {
        claim: (tables, now, session, claims) =>
          claim(lens(tables, { session: id => withAllQueues(tables, id) }), now, session, claims),
        complete: (tables, now, given, result, handOn) => {
          const generous = handOn && { ...handOn, queues: ['task', 'other'] }
          return complete(lens(tables, { session: id => withAllQueues(tables, id) }), now, given, result, generous)
        },
      },
    }),
  },
  {
    name: 'nothing is claimed in a run that stops',
    hole: 'H25',
    invariants: ['I10'],
    mode: 'safety',
    adjust: only({}, {}, o => ({ workload: { ...o.workload, stops: true, runs: 3 } })),
    context: () => ({ makeTables: undo => new NoCancelTables(undo) }),
    remove: () => ({
      makeTables: undo => new NoCancelTables(undo),
      operations: {
        claim: (tables, now, session, claims) => {
          const unstopped = lens(tables, {
            run: id => ({ ...tables.run(id), stop: null }) as never,
            dag: (run, name) => ({ ...tables.dag(run, name), stop: null }) as never,
          })
          return claim(unstopped, now, session, claims)
        },
      },
    }),
  },
]
