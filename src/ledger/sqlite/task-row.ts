/** A task as a row: what is looked up or changed in bulk are columns, the rest is one document. */
import type { PayloadRef, TaskRecord } from '../../lease/records.ts'
import { decodeRow, encodeRow } from './row-codec.ts'
import type { Row } from './statements.ts'

export const TASK_COLUMNS =
  'id, run, dag, name, state, queue, priority, epoch, claim_id, owner, not_before, ready_at, ended_at, out, doc'

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

export function toTask(row: Row): TaskRecord {
  return {
    ...(decodeRow(row.doc) as Rest),
    id: row.id as string,
    run: row.run as string,
    dag: row.dag as string,
    name: row.name as string,
    state: row.state as TaskRecord['state'],
    queue: row.queue as string,
    priority: row.priority as number,
    epoch: row.epoch as number,
    claimId: row.claim_id as string | null,
    owner: row.owner as string | null,
    notBefore: row.not_before as number | null,
    readyAt: row.ready_at as number | null,
    endedAt: row.ended_at as number | null,
    out: decodeOut(row.out),
  }
}

export function encodeOut(out: PayloadRef | null): Uint8Array | null {
  return out === null ? null : encodeRow(out)
}

function decodeOut(bytes: unknown): PayloadRef | null {
  return bytes === null ? null : (decodeRow(bytes) as PayloadRef)
}

export function encodeRest({
  kind,
  effect,
  retries,
  backoffMs,
  timeoutMs,
  maxDeaths,
  forceRun,
  propagateSkip,
  attempts,
  failures,
  deaths,
  createdAt,
  claimedAt,
  limit,
  error,
  history,
  reused,
  afterStop,
  awaits,
  remade,
  replicas,
}: TaskRecord): Uint8Array {
  const rest: Rest = {
    kind,
    effect,
    retries,
    backoffMs,
    timeoutMs,
    forceRun,
    propagateSkip,
    attempts,
    failures,
    deaths,
    createdAt,
    claimedAt,
    limit,
    error,
    history,
  }
  // Absent stays absent: most tasks have none of these. One by one, since this is done at each step of each task.
  if (maxDeaths !== undefined) rest.maxDeaths = maxDeaths
  if (reused !== undefined) rest.reused = reused
  if (afterStop !== undefined) rest.afterStop = afterStop
  if (awaits !== undefined) rest.awaits = awaits
  if (remade !== undefined) rest.remade = remade
  if (replicas !== undefined) rest.replicas = replicas
  return encodeRow(rest)
}
