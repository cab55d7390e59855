/**
 * The guards of the protocol, each with a way to take it out at a seam: a copy of one operation that forgets a condition, a line to
 * the ledger that withholds an answer, another decision. `guards.spec.ts` demands that the simulation notices each.
 */
import { FENCE_GUARDS } from './guards/fence-guards.ts'
import { DEATH_GUARDS } from './guards/death-guards.ts'
import { TASK_GUARDS } from './guards/task-guards.ts'
import { PEER_GUARDS } from './guards/peer-guards.ts'
import { LOSS_GUARDS } from './guards/loss-guards.ts'
import type { Guard } from './guards/guard.ts'

export const GUARDS: readonly Guard[] = [
  ...FENCE_GUARDS,
  ...DEATH_GUARDS,
  ...TASK_GUARDS,
  ...LOSS_GUARDS,
  ...PEER_GUARDS,
]
