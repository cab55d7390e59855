/** A run's shared data. */
import type { Claim } from '../../lease/records.ts'
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

export function storeWrite(tables: Tables, _now: number, claim: Claim, section: StoreSection, write: LeafWrite): void {
  const { run } = requireClaimed(tables, claim)
  writeLeaves(tables.leaves(run, section), write)
}
