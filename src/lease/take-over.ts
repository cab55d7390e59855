/** What becomes of a claimed task whose session is dead: the effect class decides. */
import type { ErrorRecord } from '../core/errors.ts'
import { endAttempt } from './attempt-history.ts'
import { DEFAULT_MAX_DEATHS } from '../workflow/plan.ts'
import { LOCK_DELAY_MS } from './lease-limits.ts'
import type { DeathProof, TaskRecord } from './records.ts'

export interface OwnerDeath {
  /** null: the session is not known any more. */
  proof: DeathProof | null
  now: number
  /** The run or the DAG starts nothing new. */
  stopping: boolean
}

export function takeOver(task: TaskRecord, { proof, now, stopping }: OwnerDeath): TaskRecord {
  const peer = task.history.at(-1)?.peer ?? 'its peer'
  const error = { code: 'LF_OWNER_DIED', message: `Peer "${peer}" was lost while it ran this task.` }
  const freed: TaskRecord = {
    ...task,
    epoch: task.epoch + 1,
    claimId: null,
    owner: null,
    deaths: task.deaths + (isKilled(proof) ? 1 : 0),
    error,
    history: endAttempt(task.history, { end: 'owner-died', endedAt: now, error }),
  }
  if (stopping) return { ...freed, state: 'cancelled', endedAt: now }
  if (isSuspect(freed)) return { ...freed, state: 'failed', endedAt: now, error: quarantine(freed) }
  if (task.effect === 'exclusive') return { ...freed, state: 'lost', error: lost(peer) }
  const delayMs = task.effect === 'idempotent' && mayStillAct(proof) ? LOCK_DELAY_MS : 0
  // It keeps its place in the line: what was begun first is begun again first.
  return { ...freed, state: 'ready', readyAt: task.readyAt ?? now, notBefore: delayMs > 0 ? now + delayMs : null }
}

/** It may be what killed its peers. */
function isSuspect({ deaths, maxDeaths = DEFAULT_MAX_DEATHS }: TaskRecord): boolean {
  return maxDeaths !== null && deaths >= maxDeaths
}

/** Who said goodbye was not killed by what it ran, nor was who was sent away by a person. */
function isKilled(proof: DeathProof | null): boolean {
  return proof !== 'left' && proof !== 'evicted'
}

/** Nothing of the old attempt can still happen: its process is known to be gone. */
export function isProven(proof: DeathProof | null): boolean {
  return proof === 'lock' || proof === 'left' || proof === 'restart'
}

/** The owner may only be frozen or cut off. A port that refuses says that the process is gone, though it proves it less than its lock. */
function mayStillAct(proof: DeathProof | null): boolean {
  return !isProven(proof) && proof !== 'refused'
}

function quarantine({ name, deaths }: TaskRecord): ErrorRecord {
  return {
    code: 'LF_TASK_QUARANTINED',
    message: `Task "${name}" was given up: ${deaths} peers died while they ran it.`,
    hint: 'Look for a crash or for too little memory in what the task does, then try its run again: lf workflow retry RUN',
  }
}

function lost(peer: string): ErrorRecord {
  return {
    code: 'LF_TASK_LOST',
    message: `Peer "${peer}" was lost while it ran this task, which must not run twice.`,
    hint: 'Find out what the task did, then decide with `lf workflow resolve`.',
  }
}
