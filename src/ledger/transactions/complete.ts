/** An attempt has ended: its result is recorded, and everything that follows from it, in one step. */
import { isStarting } from '../../lease/claim-task.ts'
import { isCurrentClaim, isFinishedBy } from '../../lease/fence.ts'
import { endingOf } from '../../lease/ending-of.ts'
import { finishAttempt } from '../../lease/finish-attempt.ts'
import type { Claim, TaskRecord } from '../../lease/records.ts'
import type { AttemptResult, Completion, HandOn } from '../ledger.ts'
import type { Tables } from '../tables.ts'
import { handedOnBefore, handOn } from './hand-on.ts'
import { passedOnBefore, passOn } from './pass-on.ts'
import { nameReady } from './ready-tasks.ts'
import { settle } from './settle.ts'
import { forgetWrites } from './store.ts'

export function complete(
  tables: Tables,
  now: number,
  claim: Claim,
  result: AttemptResult,
  request?: HandOn,
): Completion {
  const task = tables.task(claim.task)
  if (!isCurrentClaim(task, claim)) return repeated(tables, now, task, { claim, outcome: result.outcome, request })
  const finished = withSuccessors(finishAttempt(task, result, { now, stopping: isStopping(tables, task) }), result)
  tables.putTask(finished)
  forgetWrites(tables, task)
  if (finished.state === 'ready') {
    return { ...NOTHING_FOLLOWED, accepted: true, state: 'ready', ready: nameReady([finished]) }
  }
  const { ready, dagEnded, runEnded } = settle(tables, now, finished, endingOf(finished) ?? null)
  const handedOn = request === undefined ? [] : handOn(tables, now, { completed: finished, ready }, request)
  const kept = new Set(handedOn.map(({ task }) => task.id))
  const open = ready.filter(({ id }) => !kept.has(id))
  const passedOn = request === undefined ? [] : passOn(tables, now, open, request)
  for (const { claim } of passedOn) kept.add(claim.task)
  const left = open.filter(({ id }) => !kept.has(id))
  return { accepted: true, state: finished.state, ready: nameReady(left), handedOn, passedOn, dagEnded, runEnded }
}

export const NOTHING_FOLLOWED = { ready: [], handedOn: [], passedOn: [], dagEnded: null, runEnded: null }

/** Accepted when this very attempt was recorded before; what was handed on or passed on then is told again. */
function repeated(
  tables: Tables,
  now: number,
  task: TaskRecord | undefined,
  { claim, outcome, request }: { claim: Claim; outcome: AttemptResult['outcome']; request: HandOn | undefined },
): Completion {
  const accepted = task !== undefined && isFinishedBy(task, claim, outcome)
  const state = task?.state ?? 'cancelled'
  if (!accepted || request === undefined) return { ...NOTHING_FOLLOWED, accepted, state }
  const handedOn = handedOnBefore(tables, now, request)
  return { ...NOTHING_FOLLOWED, accepted, state, handedOn, passedOn: passedOnBefore(tables, request) }
}

export function isStopping(tables: Tables, { run: runId, dag: dagName }: Pick<TaskRecord, 'run' | 'dag'>): boolean {
  const run = tables.run(runId)
  const dag = tables.dag(runId, dagName)
  return run === undefined || dag === undefined || !isStarting(run) || !isStarting(dag)
}

/** For successors that are not written yet: they are told when they are. */
function withSuccessors(task: TaskRecord, { skipSuccessors }: AttemptResult): TaskRecord {
  return task.state === 'stopped' && !skipSuccessors ? { ...task, skipSuccessors } : task
}
