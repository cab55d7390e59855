/** A ready task becomes a claimed one. */
import { beginAttempt } from './attempt-history.ts'
import type { DagRecord, RunRecord, SessionHead, TaskRecord } from './records.ts'

/** Everything that makes a claim legal, evaluated in the same step that makes it. */
export function mayClaim(
  task: TaskRecord,
  {
    session,
    run,
    dag,
    now,
  }: { session: SessionHead; run: Pick<RunRecord, 'state' | 'stop'>; dag: DagRecord; now: number },
): boolean {
  return (
    task.state === 'ready' &&
    (task.notBefore ?? 0) <= now &&
    mayStartTasks(session) &&
    session.queues.includes(task.queue) &&
    isStarting(run) &&
    isStarting(dag)
  )
}

/** A draining session keeps what it holds and takes nothing new; a command never runs tasks. */
function mayStartTasks({ state, kind }: Pick<SessionHead, 'state' | 'kind'>): boolean {
  return state === 'alive' && kind === 'node'
}

/** True while new tasks may start in this run or DAG. */
export function isStarting({ state, stop }: Pick<RunRecord, 'state' | 'stop'>): boolean {
  return state === 'running' && stop === null
}

/** The attempt is counted now, not when it ends: one that kills its peer counts too. `passedBy`: the session that claims it for this one. */
export function claimTask(
  task: TaskRecord,
  {
    session,
    claimId,
    now,
    passedBy,
  }: { session: Pick<SessionHead, 'id' | 'name'>; claimId: string; now: number; passedBy?: string },
): TaskRecord {
  const epoch = task.epoch + 1
  const by = passedBy === undefined ? {} : { passedBy }
  return {
    ...task,
    state: 'claimed',
    epoch,
    claimId,
    owner: session.id,
    attempts: task.attempts + 1,
    notBefore: null,
    claimedAt: now,
    history: beginAttempt(task.history, {
      epoch,
      claimId,
      session: session.id,
      peer: session.name,
      ...by,
      claimedAt: now,
    }),
  }
}
