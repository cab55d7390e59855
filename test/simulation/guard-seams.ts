/** The seams at which guards are taken out. */
import type { Claim } from '../../src/lease/records.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { Tables } from '../../src/ledger/tables.ts'
import { RecordingTables } from './recording-tables.ts'

/** The tables, but for some answers. */
export function lens(tables: Tables, other: Partial<Tables>): Tables {
  return new Proxy(tables, { get: (target, name) => memberOf(target, other, name as keyof Tables) })
}

/** The ledger, but for some operations. */
export function rewired(ledger: Ledger, other: Partial<Ledger>): Ledger {
  return new Proxy(ledger, { get: (target, name) => memberOf(target, other, name as keyof Ledger) })
}

function memberOf<T extends object>(target: T, other: Partial<T>, name: keyof T): unknown {
  const member: unknown = other[name] ?? target[name]
  return typeof member === 'function' && other[name] === undefined ? member.bind(target) : member
}

/** Whoever holds the task now: what a write without a fence would be about. */
export function currentClaim(tables: Tables, claim: Claim): Claim {
  const task = tables.task(claim.task)
  if (task?.state !== 'claimed') return claim
  return { task: task.id, epoch: task.epoch, claimId: task.claimId ?? '' }
}

export class NoCancelTables extends RecordingTables {
  override cancelWaiting(): void {}
}

/** Predecessors that have not ended do not count. */
export class VotesForgottenTables extends RecordingTables {
  override votesInto(task: string) {
    return super.votesInto(task).filter(vote => vote !== null)
  }
}
