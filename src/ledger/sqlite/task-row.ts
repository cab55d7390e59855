/** A task as a row: what is looked up or changed in bulk are columns, the rest is one document. */
import { endingOf } from '../../lease/ending-of.ts'
import type { PayloadRef, TaskRecord } from '../../lease/records.ts'
import type { EndedTask } from '../tables.ts'
import { decodeRow, encodeRow } from '../row-codec.ts'
import type { Row, Values } from './statements.ts'

export const TASK_COLUMNS =
  'id, run, dag, name, state, queue, priority, epoch, claim_id, owner, not_before, ready_at, ended_at, out, doc'

/** As a list in a statement. */
export const quoted = (states: readonly string[]) => states.map(state => `'${state}'`).join(', ')

type Rest = Omit<
  TaskRecord,
  | 'id'
  | 'run'
  | 'dag'
  | 'name'
  | 'state'
  | 'queue'
  | 'priority'
  | 'epoch'
  | 'claimId'
  | 'owner'
  | 'notBefore'
  | 'readyAt'
  | 'endedAt'
  | 'out'
>

type Rare = Pick<TaskRecord, 'maxDeaths' | 'reused' | 'skipSuccessors' | 'afterStop' | 'awaits' | 'remade' | 'replicas'>

/** Of a row with `TASK_COLUMNS`. Field by field: spreading what was decoded costs several times as much, and this is done at each step of each task. */
export function toTask(row: Values): TaskRecord {
  const [id, run, dag, name, state, queue, priority, epoch, claimId, owner, notBefore, readyAt, endedAt, out, doc] = row
  const rest = decodeRow(doc) as Rest
  const task: TaskRecord = {
    id: id as string,
    run: run as string,
    dag: dag as string,
    name: name as string,
    kind: rest.kind,
    queue: queue as string,
    priority: priority as number,
    effect: rest.effect,
    retries: rest.retries,
    backoffMs: rest.backoffMs,
    timeoutMs: rest.timeoutMs,
    forceRun: rest.forceRun,
    propagateSkip: rest.propagateSkip,
    state: state as TaskRecord['state'],
    epoch: epoch as number,
    claimId: claimId as string | null,
    owner: owner as string | null,
    attempts: rest.attempts,
    failures: rest.failures,
    deaths: rest.deaths,
    createdAt: rest.createdAt,
    readyAt: readyAt as number | null,
    notBefore: notBefore as number | null,
    claimedAt: rest.claimedAt,
    endedAt: endedAt as number | null,
    out: decodeOut(out),
    limit: rest.limit,
    error: rest.error,
    history: rest.history,
  }
  addRare(task, rest)
  return task
}

/** Absent stays absent: most tasks have none of these. One by one, for the same reason. */
function addRare(target: Rare, { maxDeaths, reused, skipSuccessors, afterStop, awaits, remade, replicas }: Rare): void {
  if (maxDeaths !== undefined) target.maxDeaths = maxDeaths
  if (reused !== undefined) target.reused = reused
  if (skipSuccessors !== undefined) target.skipSuccessors = skipSuccessors
  if (afterStop !== undefined) target.afterStop = afterStop
  if (awaits !== undefined) target.awaits = awaits
  if (remade !== undefined) target.remade = remade
  if (replicas !== undefined) target.replicas = replicas
}

/** Of a row that has ended, with no more than its state and document. */
export function toEnded({ id, state, doc }: Row): Pick<EndedTask, 'id' | 'ending'> {
  const { limit, propagateSkip, skipSuccessors } = decodeRow(doc) as Rest
  const ending = endingOf({ state: state as TaskRecord['state'], limit, propagateSkip, skipSuccessors })
  if (ending === undefined) throw new Error(`the task ${String(id)} has not ended`)
  return { id: String(id), ending }
}

export function encodeOut(out: PayloadRef | null): Uint8Array | null {
  return out === null ? null : encodeRow(out)
}

function decodeOut(bytes: unknown): PayloadRef | null {
  return bytes === null ? null : (decodeRow(bytes) as PayloadRef)
}

export function encodeRest(task: TaskRecord): Uint8Array {
  const rest: Rest = {
    kind: task.kind,
    effect: task.effect,
    retries: task.retries,
    backoffMs: task.backoffMs,
    timeoutMs: task.timeoutMs,
    forceRun: task.forceRun,
    propagateSkip: task.propagateSkip,
    attempts: task.attempts,
    failures: task.failures,
    deaths: task.deaths,
    createdAt: task.createdAt,
    claimedAt: task.claimedAt,
    limit: task.limit,
    error: task.error,
    history: task.history,
  }
  addRare(rest, task)
  return encodeRow(rest)
}
