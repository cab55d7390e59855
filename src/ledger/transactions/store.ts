/** A run's shared data. */
import type { Claim, TaskRecord } from '../../lease/records.ts'
import type { StoreSection } from '../../lease/store-write.ts'
import { readLeaves, writeLeaves, type EncodedLeaf, type LeafWrite } from '../store-leaves.ts'
import type { Tables } from '../tables.ts'
import { requireClaimed, requireRun } from './require-rows.ts'

export function storeGet(
  tables: Tables,
  _now: number,
  run: string,
  section: StoreSection,
  path: string,
): EncodedLeaf[] {
  requireRun(tables, run)
  return readLeaves(tables.leaves(run, section), path)
}

/** Appending and counting twice would show: such a write leaves its `operationId` for as long as its claim holds. */
export function storeWrite(
  tables: Tables,
  _now: number,
  claim: Claim,
  section: StoreSection,
  write: LeafWrite,
  operationId?: string,
): void {
  const { run } = requireClaimed(tables, claim)
  if (operationId !== undefined && (write.kind === 'append' || write.kind === 'increment')) {
    const done = tables.leaves(run, 'meta')
    const path = `${writesOf(claim)}.${operationId}`
    if (done.leaf(path) !== undefined) return
    done.putLeaf(path, DONE)
  }
  writeLeaves(tables.leaves(run, section), write)
}

const DONE = new Uint8Array()

/** The claim is over: none of its writes is accepted any more, so none needs to be known again. */
export function forgetWrites(tables: Tables, { run, claimId }: Pick<TaskRecord, 'run' | 'claimId'>): void {
  tables.leaves(run, 'meta').deleteLeavesBelow(writesOf({ claimId: claimId ?? '' }))
}

function writesOf({ claimId }: Pick<Claim, 'claimId'>): string {
  return `writes.${claimId}`
}
