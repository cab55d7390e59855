/** Each guard is needed: without it the simulation finds a violation, with it the same seed holds. */
import assert from 'node:assert/strict'
import { GUARDS } from './guards.ts'
import type { Guard } from './guards/guard.ts'
import { describeFailure, runSeed } from './run-seed.ts'

/** A guard whose removal is not noticed within so many seeds counts as untested. */
const SEEDS_PER_GUARD = 200
const TIMEOUT_MS = 300_000

describe('guards', () => {
  for (const guard of GUARDS) {
    it(`needs: ${guard.name} (${guard.hole})`, async function () {
      const found = await firstViolation(guard)
      assert.ok(found !== null, `its removal was not noticed within ${SEEDS_PER_GUARD} seeds`)
      const { mode, adjust } = guard
      const intact = await runSeed(found.seed, { mode, adjust, removal: guard.context?.() })
      assert.ok(intact.violation === null, `it is not this guard that was missing: ${describeFailure(intact, 20)}`)
      if (this.test !== undefined) this.test.title += `: seed ${found.seed}, ${found.invariant}`
    }).timeout(TIMEOUT_MS)
  }
})

async function firstViolation(guard: Guard): Promise<{ seed: number; invariant: string } | null> {
  for (let seed = 0; seed < SEEDS_PER_GUARD; seed++) {
    const { violation } = await withoutGuard(guard, seed)
    if (violation !== null && guard.invariants.includes(violation.invariant))
      return { seed, invariant: violation.invariant }
  }
  return null
}

async function withoutGuard({ mode, adjust, remove }: Guard, seed: number) {
  const removal = remove()
  const restore = removal.patch?.()
  try {
    return await runSeed(seed, { mode, adjust, removal })
  } finally {
    restore?.()
  }
}
