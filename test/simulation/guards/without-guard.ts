/** Copies that forget something: what the guards are replaced by. */
import { NEW_OBSERVER, type ObserverState } from '../../../src/lease/observer.ts'
import type { TaskRecord } from '../../../src/lease/records.ts'
import { isFinishedBy } from '../../../src/lease/fence.ts'
import { readyTask } from '../../../src/lease/advance-task.ts'
import { takeOver } from '../../../src/lease/take-over.ts'
import { hasCode, LightflowError } from '../../../src/core/errors.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import type { Tables } from '../../../src/ledger/tables.ts'
import { complete } from '../../../src/ledger/transactions/complete.ts'
import { reclaim } from '../../../src/ledger/transactions/release.ts'
import { RULES, type Rules } from '../../../src/supervisor/rules.ts'
import { taskId } from '../../../protocols/ids.ts'
import { lens, rewired } from '../guard-seams.ts'
import type { SimProcess } from '../sim-process.ts'

export const NO_STRAYS: Partial<Rules> = { findStrays: () => ({ stray: [], seen: new Set() }) }

/** H1: the thief looks at the beat and writes only the task. */
export function stealFromSilent(tables: Tables, now: number): ReturnType<typeof reclaim> {
  const silent = tables.openSessions().filter(({ beatAt, ttlMs }) => now - beatAt >= ttlMs)
  const dead = reclaim(tables, now, 100)
  const stolen = silent.flatMap(({ id }) => tables.claimedBy(id))
  for (const task of stolen) tables.putTask(takeOver(task, { proof: null, now, stopping: false }))
  return dead
}

/** H2: whoever buries looks once for what the dead one held. */
export function onceAfterBurial(ledger: Ledger): Ledger {
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
export function slowToBury(ledger: Ledger, process: SimProcess): Ledger {
  return rewired(ledger, {
    bury: async (...args) => {
      await process.clock.sleep(3000)
      return ledger.bury(...args)
    },
  })
}

/** Who cannot send beats gets the answer to a claim late, though not so late that it is asked for again, and learns late what it lost. */
export function slowToClaim(ledger: Ledger, process: SimProcess): Ledger {
  return rewired(ledger, {
    claim: async (...args) => {
      const won = await ledger.claim(...args)
      if (process.isMute) await process.clock.sleep(4000)
      return won
    },
    verify: async claims => (process.isMute ? claims.map(() => 'current' as const) : ledger.verify(claims)),
  })
}

/** A peer that was buried comes to know it late. */
export function learnsLate(ledger: Ledger, process: SimProcess): Ledger {
  return rewired(ledger, {
    verify: async claims => claims.map(() => 'current' as const),
    beat: async (...args) => {
      await process.clock.sleep(5000)
      return ledger.beat(...args)
    },
  })
}

/** H19: no answer is taken for a lost claim. */
export function lostWhenUnknown(ledger: Ledger): Ledger {
  return rewired(ledger, {
    claim: (...args) =>
      ledger.claim(...args).catch(error => {
        if (hasCode(error, 'LF_LEDGER_UNAVAILABLE')) return []
        throw error
      }),
  })
}

/** A counter instead of a set: a completion that is repeated counts once more. */
export const countingTwice: typeof complete = (tables, now, given, result, handOn) => {
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
export const alwaysWell: Rules['observe'] = (state, { nowMs, ...rest }) =>
  RULES.observe({ ...state, lastReadMs: nowMs }, { ...rest, nowMs, ownBeatMs: nowMs })

/** One session of a short TTL makes this observer doubt itself all the time. */
export const byTheShortestTtl: Rules['observe'] = (state, observation) => {
  const { sessions, nowMs, ownBeatMs } = observation
  const shortestMs = Math.min(...sessions.map(({ ttlMs }) => Math.max(ttlMs, 2000)))
  const isWell = nowMs - (state.lastReadMs ?? -Infinity) < shortestMs / 3 && nowMs - ownBeatMs < shortestMs / 2
  return RULES.observe(isWell ? state : { ...state, watches: new Map() }, observation)
}

/** Judges each session as if there were no other. */
export function oneByOne(): Rules['observe'] {
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

/** Who meets an earlier session of its own gives up. */
export function refusedForEver(ledger: Ledger): Ledger {
  return rewired(ledger, {
    openSession: session =>
      ledger.openSession(session).catch(error => {
        throw hasCode(error, 'LF_PEER_ALREADY_RUNNING') ? new LightflowError('LF_REFUSED', 'for ever') : error
      }),
  })
}

/** Each try to open a session is one of its own. */
export function withNewIds(ledger: Ledger): Ledger {
  let tries = 0
  return rewired(ledger, {
    openSession: session => ledger.openSession({ ...session, id: `${session.id}-${(tries += 1)}` }),
  })
}

export function asIfHeld(
  tables: Tables,
  { task, epoch, claimId }: { task: string; epoch: number; claimId: string },
): Tables {
  return lens(tables, {
    task: id => {
      const record = tables.task(id)
      return record && id === task ? { ...record, state: 'claimed', epoch, claimId } : record
    },
  })
}

export function withTasks(tables: Tables, change: (task: TaskRecord) => TaskRecord): Tables {
  return lens(tables, { putTask: task => tables.putTask(change(task)) })
}

/** Nothing is known of what is still to be written, but for the copy itself. */
export function asIfWritten(tables: Tables): Tables {
  return lens(tables, {
    dag: (run, name) => {
      const dag = tables.dag(run, name)
      if (dag === undefined) return undefined
      const { unwritten: _, ...whole } = dag
      return whole
    },
  })
}

export function undying(tables: Tables): Tables {
  return lens(tables, {
    session: id => {
      const session = tables.session(id)
      return session && { ...session, state: 'alive' }
    },
  })
}

export function withAllQueues(tables: Tables, id: string) {
  const session = tables.session(id)
  return session && { ...session, queues: ['task', 'other'] }
}

export function patched<T extends object, Key extends keyof T>(target: T, key: Key, value: T[Key]): () => void {
  const before = target[key]
  target[key] = value
  return () => (target[key] = before)
}
