import assert from 'node:assert/strict'
import { calm } from './options.ts'
import { describeFailure, runSeed, type SeedResult } from './run-seed.ts'

/** How many seeds `npm test` runs; half of them demand progress at the end. */
const SEEDS = Number(process.env['LF_SIM_SEEDS'] ?? 500)
const SEEDS_PER_TEST = 100
/** Nothing waits for real time: this only ends a simulation that hangs. */
const TIMEOUT_MS = 300_000

describe('simulation', () => {
  for (let from = 0; from < SEEDS; from += SEEDS_PER_TEST) {
    const to = Math.min(SEEDS, from + SEEDS_PER_TEST)
    it(`holds for seeds ${from} to ${to - 1}`, async () => {
      for (let seed = from; seed < to; seed++) holds(await runSeed(seed))
    }).timeout(TIMEOUT_MS)
  }

  it('tells the same story twice for the same seed', async () => {
    const [one, other] = [await runSeed(17), await runSeed(17)]
    assert.deepEqual(one.lines, other.lines)
    assert.deepEqual(one.summary, other.summary)
  })

  it('buries nobody for a full outage that is shorter than the self-fence', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const result = await runSeed(seed, {
        mode: 'liveness',
        adjust: options => ({
          ...calm(options),
          provesDeath: false,
          maxOutageMs: options.timing.selfFenceMs * 0.8,
          incidents: { ...calm(options).incidents, outage: 15_000 },
          // Frozen faults break some peers for good, and these are buried in the end.
          everybodyStays: true,
        }),
      })
      holds(result)
      assert.equal(result.summary?.burials, 0)
    }
  })
})

function holds(result: SeedResult): void {
  assert.ok(result.violation === null, describeFailure(result))
}
