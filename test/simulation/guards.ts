/**
 * The guards of the protocol, each with a way to take it out at a seam: a copy of one operation that forgets a condition, a line to
 * the ledger that withholds an answer, another decision. `guards.spec.ts` demands that the simulation notices each.
 */
import { NEW_OBSERVER, type ObserverState } from '../../src/lease/observer.ts'
import type { TaskRecord } from '../../src/lease/records.ts'
import { isFinishedBy } from '../../src/lease/fence.ts'
import { readyTask } from '../../src/lease/advance-task.ts'
import { takeOver } from '../../src/lease/take-over.ts'
import { hasCode } from '../../src/core/errors.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { Tables } from '../../src/ledger/tables.ts'
import { claim } from '../../src/ledger/transactions/claim.ts'
import { complete } from '../../src/ledger/transactions/complete.ts'
import { bury, openSession } from '../../src/ledger/transactions/sessions.ts'
import { reclaim, release } from '../../src/ledger/transactions/release.ts'
import { startDag } from '../../src/ledger/transactions/start-dag.ts'
import { writeLeaves } from '../../src/ledger/store-leaves.ts'
import { RULES, type Rules } from '../../src/supervisor/rules.ts'
import { Capacity } from '../../src/supervisor/capacity.ts'
import { renewSession } from '../../src/lease/session-life.ts'
import { taskId } from '../../protocols/ids.ts'
import { currentClaim, lens, NoCancelTables, rewired, VotesForgottenTables } from './guard-seams.ts'
import { calm, type Incidents, type Mode, type SimOptions } from './options.ts'
import type { LedgerFaults } from './faulty-ledger.ts'
import type { SimProcess } from './sim-process.ts'
import type { Removal } from './simulation.ts'

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
function only(
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

const silentDeaths = () => ({ provesDeath: false })
const alone = () => ({ peers: 1, capacity: [2], ttlFactors: [1], queues: [['task', 'other']], provesDeath: false })

export const GUARDS: readonly Guard[] = [
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
    name: 'bury first, then take over',
    hole: 'H1',
    invariants: ['I3', 'I5'],
    mode: 'safety',
    adjust: only({ stop: 4000 }, {}, silentDeaths),
    remove: () => ({ operations: { reclaim: stealFromSilent } }),
  },
  {
    name: 'the sweep for orphans repeats',
    hole: 'H2',
    invariants: ['L1'],
    mode: 'liveness',
    adjust: only({ crash: 5000, outage: 20_000 }, { appliedLate: 0.1, lateMs: 20_000, notAppliedUnknown: 0.2 }),
    remove: () => ({ wrapLedger: onceAfterBurial }),
  },
  {
    name: 'a burial names the beat that was seen',
    hole: 'H1, H15',
    invariants: ['H3'],
    mode: 'safety',
    adjust: only({ stop: 5000 }, {}, silentDeaths),
    context: () => ({ wrapLedger: slowToBury }),
    remove: () => ({
      wrapLedger: slowToBury,
      operations: {
        bury: (tables, now, id, _seen, proof, by) => bury(tables, now, id, tables.session(id)?.beat ?? 0, proof, by),
      },
    }),
  },
  {
    name: 'a beat renews only a session that is not buried',
    hole: 'H1',
    invariants: ['I4'],
    mode: 'safety',
    adjust: only({ evict: 5000 }),
    remove: () => ({
      operations: {
        beat: (tables, now, id, beat, report) => {
          const session = tables.session(id)
          const renewed = session && renewSession(session, beat, report, now)
          if (renewed !== undefined) tables.putSession(renewed)
          return 'ok'
        },
      },
    }),
  },
  {
    name: 'a peer learns from its beat that it was buried',
    hole: 'H1',
    invariants: ['L1', 'I4'],
    mode: 'liveness',
    adjust: only({ evict: 5000 }, {}, alone),
    remove: () => ({
      wrapLedger: ledger => rewired(ledger, { beat: async (...args) => (await ledger.beat(...args), 'ok') }),
    }),
  },
  {
    name: 'without an acknowledged beat a peer ends what it runs',
    hole: 'H3, H17, R11',
    invariants: ['I5'],
    mode: 'safety',
    adjust: only({ cutOff: 15_000 }, {}, o => ({
      ...silentDeaths(),
      faultsForMs: 120_000,
      workload: { ...o.workload, effects: ['pure'], maxDurationMs: 60_000 },
    })),
    remove: () => ({ timing: { selfFenceMs: 1e9 } }),
  },
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
    name: 'an observer counts only while it is well itself',
    hole: 'H3, H15',
    invariants: ['L5', 'H3'],
    mode: 'safety',
    adjust: only({ outage: 20_000 }, {}, silentDeaths),
    remove: () => ({ supervisorParts: { rules: { observe: alwaysWell } } }),
  },
  {
    name: 'the brake on mass burial',
    hole: 'H3',
    invariants: ['L5'],
    mode: 'safety',
    adjust: only({ cutOff: 15_000 }, {}, () => {
      const peers = { peers: 8, capacity: Array(8).fill(1), ttlFactors: Array(8).fill(1) }
      return { ...peers, queues: Array(8).fill(['task', 'other']), provesDeath: false, faultsForMs: 90_000 }
    }),
    remove: () => ({ supervisorParts: { rules: { observe: oneByOne() } } }),
  },
  {
    name: 'the TTL is what the owner wrote',
    hole: 'H13',
    invariants: ['H3'],
    mode: 'safety',
    adjust: only({ cutOff: 10_000 }, {}, o => ({
      ...silentDeaths(),
      timing: { ...o.timing },
      ttlFactors: [1, 3, 3, 1],
    })),
    remove: () => ({
      supervisorParts: {
        rules: {
          observe: (state, { sessions, ...rest }) => {
            const ttlMs = Math.min(...sessions.map(session => session.ttlMs))
            return RULES.observe(state, { ...rest, sessions: sessions.map(session => ({ ...session, ttlMs })) })
          },
        },
      },
    }),
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
    name: 'what waits is cancelled when its run stops',
    hole: 'H25',
    invariants: ['L1'],
    mode: 'liveness',
    adjust: only({}, {}, o => ({ workload: { ...o.workload, stops: true, runs: 3 } })),
    remove: () => ({ makeTables: undo => new NoCancelTables(undo) }),
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
  {
    name: 'one session per identity',
    hole: 'H14',
    invariants: ['H14'],
    mode: 'safety',
    adjust: only({ twin: 5000 }),
    remove: () => ({
      operations: {
        openSession: (tables, now, session, gone) =>
          openSession(lens(tables, { openSessionsOfPeer: () => [] }), now, session, gone),
      },
    }),
  },
  {
    name: 'an unanswered opening is repeated under its id',
    hole: 'R6',
    invariants: ['L1'],
    mode: 'liveness',
    adjust: only({ evict: 4000 }, { appliedUnknown: 0.3 }, alone),
    remove: () => ({ wrapLedger: withNewIds }),
  },
  {
    name: 'hints only advance a sweep that comes anyway',
    hole: 'H6',
    invariants: ['L1'],
    mode: 'liveness',
    adjust: only({}, {}, () => ({ gossip: false })),
    remove: () => ({ timing: { sweepMs: 1e9 } }),
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

// --- copies that forget something ----------------------------------------------------------------------------------------------------

const NO_STRAYS: Partial<Rules> = { findStrays: () => ({ stray: [], seen: new Set() }) }

/** H1: the thief looks at the beat and writes only the task. */
function stealFromSilent(tables: Tables, now: number): ReturnType<typeof reclaim> {
  const silent = tables.openSessions().filter(({ beatAt, ttlMs }) => now - beatAt >= ttlMs)
  const dead = reclaim(tables, now, 100)
  const stolen = silent.flatMap(({ id }) => tables.claimedBy(id))
  for (const task of stolen) tables.putTask(takeOver(task, { proof: null, now, stopping: false }))
  return dead
}

/** H2: whoever buries looks once for what the dead one held. */
function onceAfterBurial(ledger: Ledger): Ledger {
  let mayLook = false
  return rewired(ledger, {
    bury: async (...args) => {
      const buried = await ledger.bury(...args)
      mayLook ||= buried
      return buried
    },
    reclaim: async limit => {
      if (!mayLook) return []
      mayLook = false
      return ledger.reclaim(limit)
    },
  })
}

/** Between the decision to bury and the burial the other one may come back. */
function slowToBury(ledger: Ledger, process: SimProcess): Ledger {
  return rewired(ledger, {
    bury: async (...args) => {
      await process.clock.sleep(3000)
      return ledger.bury(...args)
    },
  })
}

/** A peer that was buried comes to know it late. */
function learnsLate(ledger: Ledger, process: SimProcess): Ledger {
  return rewired(ledger, {
    verify: async claims => claims.map(() => 'current' as const),
    beat: async (...args) => {
      await process.clock.sleep(5000)
      return ledger.beat(...args)
    },
  })
}

/** H19: no answer is taken for a lost claim. */
function lostWhenUnknown(ledger: Ledger): Ledger {
  return rewired(ledger, {
    claim: (...args) =>
      ledger.claim(...args).catch(error => {
        if (hasCode(error, 'LF_LEDGER_UNAVAILABLE')) return []
        throw error
      }),
  })
}

/** A counter instead of a set: a completion that is repeated counts once more. */
const countingTwice: typeof complete = (tables, now, given, result, handOn) => {
  const task = tables.task(given.task)
  if (task !== undefined && isFinishedBy(task, given)) discountAgain(tables, now, task)
  return complete(tables, now, given, result, handOn)
}

function discountAgain(tables: Tables, now: number, { run, dag, name }: TaskRecord): void {
  const edges = tables.blueprint(run, tables.dag(run, dag)?.blueprint ?? '')?.edges ?? []
  for (const { to } of edges.filter(({ from }) => from === name)) {
    const id = taskId(run, dag, to)
    const other = edges.find(
      edge => edge.to === to && tables.untoldSuccessors(taskId(run, dag, edge.from)).includes(id),
    )
    if (other !== undefined) tables.castVote(taskId(run, dag, other.from), id, 'run')
    const successor = tables.task(id)
    if (successor?.state === 'blocked' && !tables.votesInto(id).includes(null))
      tables.putTask(readyTask(successor, now))
  }
}

/** Neither gaps in its reads nor missing beats of its own make this observer doubt. */
const alwaysWell: Rules['observe'] = (state, { nowMs, ...rest }) =>
  RULES.observe({ ...state, lastReadMs: nowMs }, { ...rest, nowMs, ownBeatMs: nowMs })

/** Judges each session as if there were no other. */
function oneByOne(): Rules['observe'] {
  const states = new WeakMap<ObserverState, Map<string, ObserverState>>()
  return (state, { sessions, ...rest }) => {
    const before = states.get(state) ?? new Map<string, ObserverState>()
    const results = sessions.map(session => {
      return {
        id: session.id,
        ...RULES.observe(before.get(session.id) ?? NEW_OBSERVER, { ...rest, sessions: [session] }),
      }
    })
    const next = { ...state }
    states.set(next, new Map(results.map(({ id, state }) => [id, state])))
    return { state: next, silent: results.flatMap(({ silent }) => silent) }
  }
}

/** Each try to open a session is one of its own. */
function withNewIds(ledger: Ledger): Ledger {
  let tries = 0
  return rewired(ledger, {
    openSession: session => ledger.openSession({ ...session, id: `${session.id}-${(tries += 1)}` }),
  })
}

function asIfHeld(tables: Tables, { task, epoch, claimId }: { task: string; epoch: number; claimId: string }): Tables {
  return lens(tables, {
    task: id => {
      const record = tables.task(id)
      return record && id === task ? { ...record, state: 'claimed', epoch, claimId } : record
    },
  })
}

function withTasks(tables: Tables, change: (task: TaskRecord) => TaskRecord): Tables {
  return lens(tables, { putTask: task => tables.putTask(change(task)) })
}

function undying(tables: Tables): Tables {
  return lens(tables, {
    session: id => {
      const session = tables.session(id)
      return session && { ...session, state: 'alive' }
    },
  })
}

function withAllQueues(tables: Tables, id: string) {
  const session = tables.session(id)
  return session && { ...session, queues: ['task', 'other'] }
}

function patched<T extends object, Key extends keyof T>(target: T, key: Key, value: T[Key]): () => void {
  const before = target[key]
  target[key] = value
  return () => (target[key] = before)
}
