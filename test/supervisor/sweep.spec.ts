import assert from 'node:assert/strict'
import { LightflowError } from '../../src/core/errors.ts'
import { silentLog } from '../../src/core/log.ts'
import { seededRandom } from '../../src/core/random.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openMemoryLedger } from '../../src/ledger/memory/memory-ledger.ts'
import { RULES } from '../../src/supervisor/rules.ts'
import { Sweep } from '../../src/supervisor/sweep.ts'
import { LOCAL_TIMING } from '../../src/supervisor/timing.ts'
import { intercept } from '../support/intercept.ts'
import { ManualClock } from '../support/manual-clock.ts'

describe('Sweep', () => {
  let clock: ManualClock
  let isDown: boolean
  let isQuiet: boolean
  let reads: number
  let sweep: Sweep

  beforeEach(() => {
    clock = new ManualClock()
    isDown = false
    isQuiet = false
    reads = 0
    const random = seededRandom(1)
    const ledger: Ledger = intercept(openMemoryLedger({ clock, random }), {
      sessionBeats: async original => {
        reads += 1
        if (isDown) throw new LightflowError('LF_LEDGER_UNAVAILABLE', 'no answer')
        return original()
      },
    })
    sweep = new Sweep({
      ledger,
      clock,
      random,
      log: silentLog,
      timing: LOCAL_TIMING,
      rules: RULES,
      isQuiet: () => isQuiet,
      self: () => ({ session: 'me', ackedMs: clock.monotonicMs(), valid: true }),
      onSessions: () => {},
      onBuried: () => {},
      onReclaimed: () => {},
      afterwards: async () => {},
    })
  })

  afterEach(() => sweep.stop())

  it('asks less and less often while the ledger does not answer, also when hints come', async () => {
    isDown = true
    sweep.start()
    for (let hint = 0; hint < 600; hint++) {
      await clock.advance(100)
      sweep.soon()
    }
    assert.ok(reads <= 22, `${reads} reads in a minute`)
    assert.ok(reads >= 12, `${reads} reads in a minute`)
  })

  it('sweeps at once, and at its own pace again, when the ledger answers', async () => {
    isDown = true
    sweep.start()
    await clock.advance(30_000)
    isDown = false
    reads = 0
    sweep.recovered()
    await clock.advance(1)
    assert.equal(reads, 1)
    await clock.advance(10_000)
    assert.ok(reads >= 16, `${reads} reads in 10 s`)
  })

  it('looks less often while there is no work, and at its usual pace when there is', async () => {
    isQuiet = true
    sweep.start()
    await clock.advance(20_000)
    const { sweepMs, quietFactor } = LOCAL_TIMING
    const most = (20_000 / sweepMs / quietFactor) * 1.3
    assert.ok(reads <= most && reads >= most / 2, `${reads} reads in 20 s`)
    isQuiet = false
    await clock.advance(2 * quietFactor * sweepMs)
    reads = 0
    await clock.advance(10_000)
    assert.ok(reads >= 16, `${reads} reads in 10 s`)
  })
})
