/**
 * What happened, told from what the ledger remembers: a record carries its whole life (attempts, times, ends), so whoever knows how far
 * it was told before (its mark) can tell the rest, however long it looked away. Pure.
 */
import { TERMINAL_TASK_STATES, type AttemptRecord, type SessionRecord, type TaskRecord } from '../../lease/records.ts'
import type { RunHead, TaskStanding } from '../../ledger/ledger.ts'
import { iso } from '../run-views.ts'
import type { MeshEventKind, MeshEventView } from '../views.ts'

/** How far a task was told. Epochs grow, so the highest one told is enough. */
export interface TaskMark {
  queued: boolean
  startedEpoch: number
  endedEpoch: number
  ended: boolean
}

export interface RunMark {
  submitted: boolean
  started: boolean
  stopping: boolean
  ended: boolean
}

export interface SessionMark {
  joined: boolean
  draining: boolean
  silent: boolean
  over: boolean
}

export const NEW_TASK: TaskMark = { queued: false, startedEpoch: -1, endedEpoch: -1, ended: false }
export const NEW_RUN: RunMark = { submitted: false, started: false, stopping: false, ended: false }
export const NEW_SESSION: SessionMark = { joined: false, draining: false, silent: false, over: false }

/** The mark of a task about whose past nothing is to be told. */
export function markOf({ state, epoch }: TaskStanding): TaskMark {
  // A claimed task's attempt bears its epoch and has not ended; all others are over.
  const endedEpoch = state === 'claimed' ? epoch - 1 : epoch
  return { queued: state !== 'blocked', startedEpoch: epoch, endedEpoch, ended: TERMINAL_TASK_STATES.has(state) }
}

interface Told<Mark> {
  /** In the order in which they happened. */
  events: MeshEventView[]
  mark: Mark
}

export function taskEvents(task: TaskRecord, mark: TaskMark): Told<TaskMark> {
  const events: MeshEventView[] = []
  const { history } = task
  const [first] = history
  const queuedAt = first === undefined ? task.readyAt : Math.min(task.readyAt ?? first.claimedAt, first.claimedAt)
  if (queuedAt !== null && !mark.queued) events.push(ofTask('task-queued', task, queuedAt))
  for (const [index, attempt] of history.entries()) {
    if (attempt.epoch > mark.startedEpoch) events.push(ofAttempt('task-started', task, attempt, attempt.claimedAt))
    if (attempt.end === null || attempt.epoch <= mark.endedEpoch) continue
    const isLast = index === history.length - 1
    events.push(attemptEnd(task, attempt, isLast))
  }
  const final = mark.ended ? undefined : finalEvent(task)
  if (final !== undefined) events.push(final)
  const last = history.at(-1)
  return {
    events,
    mark: {
      queued: mark.queued || queuedAt !== null,
      startedEpoch: Math.max(mark.startedEpoch, last?.epoch ?? -1),
      endedEpoch: Math.max(mark.endedEpoch, lastEnded(history)),
      ended: mark.ended || final !== undefined,
    },
  }
}

function lastEnded(history: readonly AttemptRecord[]): number {
  return history.findLast(({ end }) => end !== null)?.epoch ?? -1
}

/** What became of the task tells a failure that is repeated from one that is final. */
function attemptEnd(task: TaskRecord, attempt: AttemptRecord, isLast: boolean): MeshEventView {
  const at = attempt.endedAt ?? attempt.claimedAt
  const told = {
    ...ofAttempt(endKind(task, attempt, isLast), task, attempt, at),
    durationMs: Math.max(0, at - attempt.claimedAt),
  }
  return attempt.error === null ? told : { ...told, error: attempt.error }
}

function endKind(task: TaskRecord, { end }: AttemptRecord, isLast: boolean): MeshEventKind {
  switch (end) {
    case 'done':
      return 'task-succeeded'
    case 'stopped':
      return 'task-stopped'
    case 'aborted':
      return 'task-aborted'
    case 'released':
      return isLast && task.state === 'lost' ? 'task-lost' : 'task-released'
    case 'owner-died':
      return afterDeath(task, isLast)
    default:
      return isLast && task.state === 'failed' ? 'task-failed' : 'task-retried'
  }
}

function afterDeath(task: TaskRecord, isLast: boolean): MeshEventKind {
  if (isLast && task.state === 'failed' && task.error?.code === 'LF_TASK_QUARANTINED') return 'task-quarantined'
  return task.effect === 'exclusive' ? 'task-lost' : 'task-taken-over'
}

/** Ends that no attempt brought about: a skip, a stop, a person's decision. */
function finalEvent(task: TaskRecord): MeshEventView | undefined {
  const at = task.endedAt ?? task.createdAt
  if (task.state === 'skipped') return ofTask('task-skipped', task, at)
  if (task.state === 'cancelled') return ofTask('task-cancelled', task, at)
  if (task.state !== 'failed' || task.error?.code !== 'LF_TASK_GIVEN_UP') return undefined
  return { ...ofTask('task-failed', task, at), error: task.error }
}

function ofTask(event: MeshEventKind, { run, dag, name, queue }: TaskRecord, atMs: number): MeshEventView {
  return { at: iso(atMs), event, run, dag, task: name, queue }
}

function ofAttempt(
  event: MeshEventKind,
  task: TaskRecord,
  { peer, session, epoch }: AttemptRecord,
  atMs: number,
): MeshEventView {
  return { ...ofTask(event, task, atMs), peer, session, epoch }
}

export function runEvents(run: RunHead, mark: RunMark): Told<RunMark> {
  const { id, workflow, submittedBy, stop, state } = run
  const events: MeshEventView[] = []
  const tell = (event: MeshEventKind, atMs: number, more: Partial<MeshEventView> = {}): void => {
    events.push({ at: iso(atMs), event, run: id, workflow, ...more })
  }
  if (!mark.submitted) tell('run-submitted', run.createdAt, { by: submittedBy })
  if (run.startedAt !== null && !mark.started) tell('run-started', run.startedAt)
  if (stop !== null && !mark.stopping) {
    tell('run-stopping', stop.at, { by: stop.by, ...(stop.error === null ? {} : { error: stop.error }) })
  }
  const ended = state !== 'running'
  if (ended && !mark.ended) {
    const endedAt = run.endedAt ?? run.createdAt
    tell('run-ended', endedAt, {
      state,
      durationMs: Math.max(0, endedAt - (run.startedAt ?? run.createdAt)),
      ...(stop?.error ? { error: stop.error } : {}),
    })
  }
  return { events, mark: { submitted: true, started: run.startedAt !== null, stopping: stop !== null, ended } }
}

/** `silentMs`: without a beat, 0 while it is well. */
export function sessionEvents(
  session: SessionRecord,
  silentMs: number,
  mark: SessionMark,
  nowMs: number,
): Told<SessionMark> {
  const { id, name, host, state, drainAsked, deathProof } = session
  const events: MeshEventView[] = []
  const tell = (event: MeshEventKind, atMs: number, more: Partial<MeshEventView> = {}): void => {
    events.push({ at: iso(atMs), event, peer: name, session: id, host, ...more })
  }
  const draining = drainAsked !== undefined || state === 'draining'
  const over = state === 'dead'
  const silent = !over && silentMs > 0
  if (!mark.joined) tell('peer-joined', session.startedAt)
  if (draining && !mark.draining) {
    tell('peer-draining', drainAsked?.at ?? session.beatAt, drainAsked === undefined ? {} : { by: drainAsked.by })
  }
  if (silent && !mark.silent) tell('peer-silent', nowMs, { durationMs: silentMs })
  if (!silent && mark.silent && !over) tell('peer-back', nowMs)
  if (over && !mark.over) {
    const by = session.buriedBy === null ? {} : { by: session.buriedBy }
    tell(
      goneKind(deathProof),
      session.deadAt ?? session.beatAt,
      deathProof === null ? by : { proof: deathProof, ...by },
    )
  }
  return { events, mark: { joined: true, draining: mark.draining || draining, silent, over } }
}

function goneKind(proof: SessionRecord['deathProof']): MeshEventKind {
  if (proof === 'left') return 'peer-left'
  return proof === 'evicted' ? 'peer-evicted' : 'peer-dead'
}

/** By time; of what happened in the same millisecond, a run begins before its tasks and ends after them. */
export function inOrder(events: readonly MeshEventView[]): MeshEventView[] {
  return events.toSorted((a, b) => (a.at === b.at ? rankOf(a) - rankOf(b) : a.at < b.at ? -1 : 1))
}

function rankOf({ event }: MeshEventView): number {
  if (event === 'run-ended') return 3
  if (event === 'run-stopping') return 2
  return event.startsWith('task-') ? 1 : 0
}

const BAD_EVENTS: ReadonlySet<MeshEventKind> = new Set([
  'task-failed',
  'task-aborted',
  'task-retried',
  'task-lost',
  'task-taken-over',
  'task-quarantined',
  'peer-silent',
  'peer-dead',
  'peer-evicted',
])

/** Something went wrong, even if it was mended. */
export function isBad({ event, state, error }: MeshEventView): boolean {
  if (event === 'run-ended') return state === 'failed' || state === 'aborted'
  if (event === 'run-stopping') return error !== undefined
  return BAD_EVENTS.has(event)
}
