/** What the mesh costs the ledger: a herd or a tight loop shows here. */
import assert from 'node:assert/strict'
import { calm, type SimOptions } from './options.ts'
import { describeFailure, runSeed } from './run-seed.ts'

const SEEDS = [0, 1]
/** Claims that are tried for each that is won, with 50 idle peers and hints that take their time. */
const MAX_TRIES_PER_CLAIM = 1.3
/** Calls of one idle peer per second: less than half a beat, and less than one sweep of a few reads. */
const MAX_IDLE_CALLS_PER_SECOND = 6

function meshOf(peers: number, change: Partial<SimOptions> = {}) {
  return (options: SimOptions): SimOptions => {
    const quiet = calm(options)
    return {
      ...quiet,
      peers,
      capacity: Array.from({ length: peers }, () => 1),
      queues: Array.from({ length: peers }, () => ['task']),
      ttlFactors: Array.from({ length: peers }, () => 1),
      startSpreadMs: 3000,
      everybodyStays: true,
      faultsForMs: 12_000,
      workload: {
        ...quiet.workload,
        queues: ['task'],
        failures: false,
        timeouts: false,
        stops: false,
        stubborn: false,
      },
      ...change,
    }
  }
}

describe('economy of the simulated mesh', () => {
  for (const [how, latencyMs] of [
    ['', undefined],
    [', while the ledger answers slowly', 60],
  ] as const) {
    it(`tries few claims in vain with 50 idle peers${how}`, async function () {
      let tried = 0
      let won = 0
      for (const seed of SEEDS) {
        const adjust = (options: SimOptions) => {
          const mesh = meshOf(50)(options)
          const ledger = { ...mesh.ledger, latencyMs: latencyMs ?? mesh.ledger.latencyMs }
          const workload = { ...mesh.workload, runs: 8, maxTasks: 15, maxDurationMs: 2000, spreadMs: 5000 }
          return { ...mesh, ledger, workload }
        }
        const { violation, summary, ...rest } = await runSeed(seed, { mode: 'safety', adjust })
        assert.ok(violation === null && summary !== null, describeFailure({ violation, summary, ...rest }))
        tried += summary.claimsTried
        won += summary.claimsWon
      }
      assert.ok(won > 50, `only ${won} claims`)
      assert.ok(tried <= MAX_TRIES_PER_CLAIM * won, `${tried} claims were tried for ${won} that were won`)
      if (this.test !== undefined) this.test.title += ` (${tried} for ${won})`
    }).timeout(120_000)
  }

  it('costs the ledger little while there is nothing to do', async function () {
    const peers = 10
    const adjust = (options: SimOptions) => {
      const mesh = meshOf(peers, { startSpreadMs: 0 })(options)
      return { ...mesh, workload: { ...mesh.workload, runs: 0 } }
    }
    const { violation, summary, ...rest } = await runSeed(0, { mode: 'safety', adjust })
    assert.ok(violation === null && summary !== null, describeFailure({ violation, summary, ...rest }))
    const perSecond = summary.calls / peers / (summary.virtualMs / 1000)
    assert.ok(perSecond <= MAX_IDLE_CALLS_PER_SECOND, `${perSecond.toFixed(1)} calls per peer and second`)
    if (this.test !== undefined) this.test.title += ` (${perSecond.toFixed(1)} calls per peer and second)`
  })
})
