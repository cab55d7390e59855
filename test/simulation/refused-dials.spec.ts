/** A death on another host, where no lock proves it: found by refused dials, long before its silence. */
import assert from 'node:assert/strict'
import { LAN_TIMING } from '../../src/supervisor/timing.ts'
import { only } from './guards/guard.ts'
import { describeFailure, runSeed } from './run-seed.ts'

const SEEDS = 20
/** The goal for a death on a LAN. */
const GOAL_MS = 3000

const onOtherHosts = only({ crash: 15_000 }, {}, o => ({
  provesDeath: false,
  timing: LAN_TIMING,
  peers: 5,
  capacity: [2, 2, 2, 2, 2],
  ttlFactors: [1, 1, 1, 1, 1],
  queues: Array.from({ length: 5 }, () => ['task', 'other']),
  startSpreadMs: 2000,
  faultsForMs: 90_000,
  workload: { ...o.workload, effects: ['pure', 'idempotent'], runs: 4, maxDurationMs: 20_000, spreadMs: 60_000 },
}))

describe('refused dials', () => {
  it(`make the pure and idempotent tasks of a dead peer ready again within ${GOAL_MS} ms of virtual time`, async function () {
    const tookMs: number[] = []
    for (let seed = 0; seed < SEEDS; seed++) {
      const result = await runSeed(seed, { mode: 'safety', adjust: onOtherHosts })
      assert.ok(result.violation === null && result.summary !== null, describeFailure(result))
      tookMs.push(...result.summary.refusedTakeoversMs)
    }
    assert.ok(tookMs.length >= SEEDS, `only ${tookMs.length} takeovers`)
    const worstMs = Math.max(...tookMs)
    assert.ok(worstMs <= GOAL_MS, `the slowest of ${tookMs.length} took ${worstMs.toFixed(0)} ms`)
    if (this.test !== undefined) this.test.title += ` (at most ${worstMs.toFixed(0)} ms, ${tookMs.length} takeovers)`
  }).timeout(120_000)

  it('end in no violation when they are wrong, and the peer that was buried works on', async () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const adjust = only({ refusal: 10_000 }, {}, () => ({ provesDeath: false, everybodyStays: true }))
      const result = await runSeed(seed, { mode: 'liveness', adjust })
      assert.ok(result.violation === null, describeFailure(result))
    }
  }).timeout(120_000)
})
