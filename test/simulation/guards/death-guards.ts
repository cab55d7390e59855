/** When a peer is dead, and what follows. */
import { bury, openSession } from '../../../src/ledger/transactions/sessions.ts'
import { RULES } from '../../../src/supervisor/rules.ts'
import { renewSession } from '../../../src/lease/session-life.ts'
import { lens, rewired } from '../guard-seams.ts'
import { type Guard, only, silentDeaths, alone } from './guard.ts'
import {
  stealFromSilent,
  onceAfterBurial,
  slowToBury,
  slowToClaim,
  alwaysWell,
  byTheShortestTtl,
  oneByOne,
  refusedForEver,
  withNewIds,
} from './without-guard.ts'

export const DEATH_GUARDS: readonly Guard[] = [
  {
    name: 'bury first, then take over',
    hole: 'H1',
    invariants: ['I3', 'I5'],
    mode: 'safety',
    adjust: only({ stop: 4000 }, {}, silentDeaths),
    // What is asked first, whether there are orphans, says nothing of the silent.
    remove: () => ({ operations: { reclaim: stealFromSilent, hasOrphans: () => true } }),
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
    remove: () => ({ supervisorParts: { rules: { isExpired: () => false } } }),
  },
  {
    name: 'a task begins only while the lease holds under which it was claimed',
    hole: 'H4, R11',
    invariants: ['I5'],
    mode: 'safety',
    adjust: only({ mute: 12_000 }, {}, o => ({
      ...silentDeaths(),
      faultsForMs: 120_000,
      capacity: [8, 8, 8, 8],
      workload: { ...o.workload, runs: 8, effects: ['pure'], maxDurationMs: 30_000 },
    })),
    // Only the answers to claims are late: were all of them, nobody would be well enough to bury the mute one.
    context: () => ({ wrapLedger: slowToClaim }),
    remove: () => ({ wrapLedger: slowToClaim, supervisorParts: { rules: { mayBegin: () => true } } }),
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
      return {
        ...peers,
        queues: Array.from({ length: 8 }, () => ['task', 'other']),
        provesDeath: false,
        faultsForMs: 90_000,
      }
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
    name: 'an observer judges its own health by the TTL of the session that it looks at',
    hole: 'H3, H13',
    invariants: ['L1', 'I5'],
    mode: 'liveness',
    adjust: only({ stop: 5000 }, {}, o => ({
      ...silentDeaths(),
      timing: { ...o.timing, beatMs: 2000, sweepMs: 2000, quietFactor: 1.5, selfFenceMs: 10_000, ttlMs: 15_000 },
      // A healthy peer of a short TTL that stays to the end.
      ttlFactors: [1, 0.3, 1, 1],
      maxBoundMs: 300_000,
    })),
    remove: () => ({ supervisorParts: { rules: { observe: byTheShortestTtl } } }),
  },
  {
    name: 'refused dials bury no session that holds an exclusive task',
    hole: 'H9',
    invariants: ['I6'],
    mode: 'safety',
    adjust: only({ crash: 5000 }, {}, o => ({
      ...silentDeaths(),
      workload: { ...o.workload, effects: ['exclusive'] },
    })),
    remove: () => ({ supervisorParts: { rules: { mayBuryRefused: () => true } } }),
  },
  {
    name: 'a peer outlives its own former session',
    hole: 'H14, H24',
    invariants: ['L1'],
    mode: 'liveness',
    adjust: only({ crash: 8000 }, {}, alone),
    remove: () => ({ wrapLedger: refusedForEver }),
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
    adjust: only({ misburial: 4000 }, { appliedUnknown: 0.3 }, alone),
    // Otherwise it would only be slow: it waits for the silence of its own opening.
    context: () => ({ wrapLedger: refusedForEver }),
    remove: () => ({ wrapLedger: ledger => withNewIds(refusedForEver(ledger)) }),
  },
  {
    name: 'hints only advance a sweep that comes anyway',
    hole: 'H6',
    invariants: ['L1'],
    mode: 'liveness',
    adjust: only({}, {}, () => ({ gossip: false })),
    remove: () => ({ timing: { sweepMs: 1e9 }, supervisorParts: { rules: { checkTiming: () => {} } } }),
  },
]
