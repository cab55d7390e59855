/** What is lost is made again. */
import { claim } from '../../../src/ledger/transactions/claim.ts'
import { complete } from '../../../src/ledger/transactions/complete.ts'
import { loseInputs } from '../../../src/ledger/transactions/lose-inputs.ts'
import type { Tables } from '../../../src/ledger/tables.ts'
import { currentClaim, lens } from '../guard-seams.ts'
import type { SimOptions } from '../options.ts'
import { type Guard, only } from './guard.ts'
import { learnsLate } from './without-guard.ts'

const losing = (effects: SimOptions['workload']['effects']) => (options: SimOptions) => ({
  payloads: { scattered: 1, lostDisks: 1, pullMs: 3000 },
  workload: { ...options.workload, effects, runs: 3 },
})

/** All inputs seem to be made and done. */
const asIfMade = (tables: Tables) =>
  lens(tables, { inputs: (task, limit) => tables.inputs(task, limit).map(input => ({ ...input, state: 'done' })) })

export const LOSS_GUARDS: readonly Guard[] = [
  {
    name: 'the report of a lost input carries the claim',
    hole: 'H8, R17',
    invariants: ['I2'],
    mode: 'safety',
    adjust: only({ crash: 4000, evict: 1500 }, {}, losing(['pure'])),
    context: () => ({ wrapLedger: learnsLate }),
    remove: () => ({
      wrapLedger: learnsLate,
      operations: {
        loseInputs: (tables, now, given, loss) => loseInputs(tables, now, currentClaim(tables, given), loss),
      },
    }),
  },
  {
    name: 'what was lost is made again once for each attempt that left it',
    hole: 'H8',
    invariants: ['H8'],
    mode: 'safety',
    adjust: only({ crash: 3000 }, {}, losing(['pure'])),
    remove: () => ({
      operations: {
        loseInputs: (tables, now, given, { inputs, error }) => {
          const dag = given.task.slice(0, given.task.lastIndexOf('/'))
          const newest = inputs.map(({ task }) => ({ task, epoch: tables.task(`${dag}/${task}`)?.epoch ?? 0 }))
          return loseInputs(tables, now, given, { inputs: newest, error })
        },
      },
    }),
  },
  {
    name: 'an exclusive task is not made to run again for what it left',
    hole: 'H8, H9',
    invariants: ['I6'],
    mode: 'safety',
    adjust: only({ crash: 4000 }, {}, losing(['exclusive', 'idempotent'])),
    remove: () => ({
      operations: {
        loseInputs: (tables, now, given, loss) => {
          const harmless = lens(tables, {
            task: id => {
              const task = tables.task(id)
              return task && { ...task, effect: 'pure' }
            },
            putTask: task => tables.putTask({ ...task, effect: tables.task(task.id)?.effect ?? task.effect }),
          })
          return loseInputs(harmless, now, given, loss)
        },
      },
    }),
  },
  {
    name: 'a task is not claimed while an input is made again',
    hole: 'H8',
    invariants: ['I7'],
    mode: 'safety',
    adjust: only({ crash: 4000 }, {}, losing(['pure'])),
    remove: () => ({
      operations: {
        claim: (tables, now, session, claims) => claim(asIfMade(tables), now, session, claims),
        complete: (tables, now, given, result, handOn) => complete(asIfMade(tables), now, given, result, handOn),
      },
    }),
  },
  {
    name: 'who waits for an input is let go when it is made again',
    hole: 'H8',
    invariants: ['L1'],
    mode: 'liveness',
    adjust: only({ crash: 4000 }, {}, losing(['pure'])),
    remove: () => ({
      operations: {
        complete: (tables, now, given, result, handOn) =>
          complete(lens(tables, { blockedSuccessors: () => [] }), now, given, result, handOn),
      },
    }),
  },
]
