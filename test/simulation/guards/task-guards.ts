/** What becomes of tasks: joins, repetitions, ends. */
import { readyTask } from '../../../src/lease/advance-task.ts'
import { claim } from '../../../src/ledger/transactions/claim.ts'
import { complete } from '../../../src/ledger/transactions/complete.ts'
import { reclaim, release } from '../../../src/ledger/transactions/release.ts'
import { writeTasks } from '../../../src/ledger/transactions/write-tasks.ts'
import { lens, NoCancelTables, VotesForgottenTables } from '../guard-seams.ts'
import { type Guard, only, silentDeaths } from './guard.ts'
import { asIfWritten, countingTwice, withTasks } from './without-guard.ts'

export const TASK_GUARDS: readonly Guard[] = [
  {
    name: 'joins are sets of votes',
    hole: 'H7, R18',
    invariants: ['I7'],
    mode: 'safety',
    adjust: only({}, { appliedUnknown: 0.3 }),
    remove: () => ({ operations: { complete: countingTwice } }),
  },
  {
    name: 'a task is ready only when all predecessors have voted',
    hole: 'H7',
    invariants: ['I7'],
    mode: 'safety',
    adjust: only({}),
    remove: () => ({ makeTables: undo => new VotesForgottenTables(undo) }),
  },
  {
    name: 'exclusive tasks are not taken over',
    hole: 'H9',
    invariants: ['I6'],
    mode: 'safety',
    adjust: only({ crash: 4000 }, {}, o => ({ workload: { ...o.workload, effects: ['exclusive'] } })),
    remove: () => ({
      operations: {
        reclaim: (tables, now, limit) => {
          const reclaimed = reclaim(tables, now, limit)
          for (const { task, state } of reclaimed) {
            const record = tables.task(task)
            if (state === 'lost' && record !== undefined) tables.putTask(readyTask(record, now))
          }
          return reclaimed
        },
      },
    }),
  },
  {
    name: 'an exclusive task that was begun is not given back as ready',
    hole: 'H9',
    invariants: ['I6'],
    mode: 'safety',
    adjust: only({ leave: 4000, cutOff: 8000 }, {}, o => ({ workload: { ...o.workload, effects: ['exclusive'] } })),
    remove: () => ({
      operations: {
        release: (tables, now, given, request) => release(tables, now, given, { ...request, begun: false }),
      },
    }),
  },
  {
    name: 'an idempotent task rests after a death that nobody proved',
    hole: 'H9 (lock delay)',
    invariants: ['lock delay'],
    mode: 'safety',
    adjust: only({ crash: 5000 }, {}, o => ({
      ...silentDeaths(),
      faultsForMs: 90_000,
      workload: { ...o.workload, effects: ['idempotent'] },
    })),
    remove: () => ({
      operations: {
        reclaim: (tables, now, limit) =>
          reclaim(
            withTasks(tables, task => ({ ...task, notBefore: null })),
            now,
            limit,
          ),
      },
    }),
  },
  {
    name: 'a task that killed three peers is not tried again',
    hole: 'H11',
    invariants: ['quarantine'],
    mode: 'safety',
    adjust: only({ crash: 1500 }, {}, o => ({
      provesDeath: true,
      timing: { ...o.timing, beatMs: 1000, sweepMs: 500 },
      workload: { ...o.workload, effects: ['pure'] },
    })),
    remove: () => ({
      operations: {
        reclaim: (tables, now, limit) =>
          reclaim(
            lens(tables, { orphans: most => tables.orphans(most).map(task => ({ ...task, deaths: 0 })) }),
            now,
            limit,
          ),
      },
    }),
  },
  {
    name: 'attempts are counted at the claim',
    hole: 'H11',
    invariants: ['I9'],
    mode: 'safety',
    adjust: only({}),
    remove: () => ({
      operations: {
        claim: (tables, now, session, claims) =>
          claim(
            withTasks(tables, task => ({ ...task, attempts: task.attempts - 1 })),
            now,
            session,
            claims,
          ),
      },
    }),
  },
  {
    name: 'what waits is cancelled when its run stops',
    hole: 'H25',
    invariants: ['L1'],
    mode: 'liveness',
    adjust: only({}, {}, o => ({ maxBoundMs: 150_000, workload: { ...o.workload, stops: true, runs: 3 } })),
    remove: () => ({ makeTables: undo => new NoCancelTables(undo) }),
  },
  {
    name: 'a DAG is open as long as tasks of it are still to be written',
    hole: 'H6',
    invariants: ['whole'],
    mode: 'safety',
    adjust: only({}),
    remove: () => ({
      operations: {
        complete: (tables, now, given, result, handOn) => complete(asIfWritten(tables), now, given, result, handOn),
      },
    }),
  },
  {
    name: 'what a task tells is told as well to those that are written after its end',
    hole: 'H6, H7',
    invariants: ['L1'],
    mode: 'liveness',
    adjust: only({}, {}, o => ({ maxBoundMs: 150_000, workload: { ...o.workload, maxTasks: 12 } })),
    remove: () => ({
      operations: {
        writeTasks: (tables, now, run, limits) => writeTasks(lens(tables, { endedBefore: () => [] }), now, run, limits),
      },
    }),
  },
  {
    name: 'peers write what is still to be written of a DAG',
    hole: 'H6',
    invariants: ['L1'],
    mode: 'liveness',
    adjust: only({}, {}, () => ({ maxBoundMs: 150_000 })),
    remove: () => ({ operations: { hasUnwritten: () => false } }),
  },
]
